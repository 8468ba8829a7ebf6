// The open streams of a method that answers request after request, each in the
// order sent; all of them end politely when the server drains.
#ifndef TENUTO_SERVER_ANSWER_STREAMS_H_
#define TENUTO_SERVER_ANSWER_STREAMS_H_

#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "grpc/reflection/v1alpha/reflection.pb.h"
#include "server/calls.h"
#include "server/open_streams.h"
#include "server/stream_call.h"
#include "tenuto/v1/scoring.pb.h"

namespace tenuto {

// Thread-safe. Must outlive its streams.
template <typename Request, typename Response>
class AnswerStreams {
 public:
  using Call = StreamCall<Request, Response>;
  // Waits for nothing. `response` is empty.
  using Answer =
      std::function<absl::Status(const Request& request, Response& response)>;
  // Whether a request computes for so long that other calls of the queue's
  // thread should not wait for it.
  using IsLong = std::function<bool(const Request& request)>;

  // `method` counts every request of a stream.
  AnswerStreams(
      Calls& calls, RpcMethod method, Answer answer,
      IsLong is_long = [](const Request&) { return false; });
  ~AnswerStreams();

  // A stream that waits for its caller.
  std::shared_ptr<Call> Make();

  // Ends idle streams now, busy ones once their request is answered, new ones
  // at once, all with kUnavailable.
  void Drain();

 private:
  class Stream;

  Calls& calls_;
  const RpcMethod method_;
  const Answer answer_;
  const IsLong is_long_;
  OpenStreams<Stream> open_;
};

using UserScoreStreams =
    AnswerStreams<v1::ScoreUsersRequest, v1::ScoreUsersResponse>;
using RowScoreStreams =
    AnswerStreams<v1::ScoreRowsRequest, v1::ScoreRowsResponse>;
using ReflectionStreams =
    AnswerStreams<grpc::reflection::v1alpha::ServerReflectionRequest,
                  grpc::reflection::v1alpha::ServerReflectionResponse>;

extern template class AnswerStreams<v1::ScoreUsersRequest,
                                    v1::ScoreUsersResponse>;
extern template class AnswerStreams<v1::ScoreRowsRequest,
                                    v1::ScoreRowsResponse>;
extern template class AnswerStreams<
    grpc::reflection::v1alpha::ServerReflectionRequest,
    grpc::reflection::v1alpha::ServerReflectionResponse>;

}  // namespace tenuto

#endif  // TENUTO_SERVER_ANSWER_STREAMS_H_
