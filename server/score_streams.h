// The open streams of one scoring method: each answers its requests one by one,
// in the order sent, and all of them end politely when the server drains.
#ifndef TENUTO_SERVER_SCORE_STREAMS_H_
#define TENUTO_SERVER_SCORE_STREAMS_H_

#include <functional>

#include "absl/status/status.h"
#include "grpcpp/support/server_callback.h"
#include "server/calls.h"
#include "server/open_streams.h"
#include "tenuto/v1/scoring.pb.h"

namespace tenuto {

// Thread-safe. Must outlive its streams.
template <typename Request, typename Response>
class ScoreStreams {
 public:
  using Reactor = grpc::ServerBidiReactor<Request, Response>;
  // Waits for nothing. `response` is empty.
  using Score =
      std::function<absl::Status(const Request& request, Response& response)>;

  // `method` counts every request of a stream.
  ScoreStreams(Calls& calls, RpcMethod method, Score score);
  ~ScoreStreams();

  Reactor* Open();

  // Ends idle streams now, busy ones once their request is answered, new ones
  // at once, all with kUnavailable.
  void Drain();

 private:
  class Stream;

  Calls& calls_;
  const RpcMethod method_;
  const Score score_;
  OpenStreams<Stream> open_;
};

using UserScoreStreams =
    ScoreStreams<v1::ScoreUsersRequest, v1::ScoreUsersResponse>;
using RowScoreStreams =
    ScoreStreams<v1::ScoreRowsRequest, v1::ScoreRowsResponse>;

extern template class ScoreStreams<v1::ScoreUsersRequest,
                                   v1::ScoreUsersResponse>;
extern template class ScoreStreams<v1::ScoreRowsRequest, v1::ScoreRowsResponse>;

}  // namespace tenuto

#endif  // TENUTO_SERVER_SCORE_STREAMS_H_
