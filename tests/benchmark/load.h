// The cheapest gRPC client there is: one thread, one completion queue, requests
// in bytes made beforehand and answers nobody parses, so that a server on
// another core is what limits a measurement.
// Not thread-safe.
#ifndef TENUTO_TESTS_BENCHMARK_LOAD_H_
#define TENUTO_TESTS_BENCHMARK_LOAD_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "google/protobuf/message_lite.h"
#include "grpcpp/channel.h"
#include "grpcpp/completion_queue.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/byte_buffer.h"

namespace tenuto {

// Calls of one method. Requests are taken in turn.
struct Load {
  std::string method;  // "/tenuto.v1.Scoring/ScoreRows"
  std::vector<grpc::ByteBuffer> requests;

  void Add(const google::protobuf::MessageLite& request);
};

struct LoadResult {
  absl::Duration took = absl::ZeroDuration();
  std::int64_t failures = 0;
  std::vector<absl::Duration> latencies;  // A call each, the shortest first.

  double calls_per_s() const;
  // What `share` of the calls took at most.
  double Milliseconds(double share) const;
  void Merge(const LoadResult& other);
};

class LoadClient {
 public:
  explicit LoadClient(const std::shared_ptr<grpc::Channel>& channel);
  ~LoadClient();

  // Always `in_flight` calls at a time: what a server can do at most. A call
  // takes from when it was sent.
  LoadResult Closed(const Load& load, int in_flight, absl::Duration duration);

  // A call every 1/`calls_per_s`, however many are unanswered. A call takes
  // from when it was due, sent or not: a server that stalls cannot hide it.
  LoadResult Open(const Load& load, double calls_per_s,
                  absl::Duration duration);

  // The bytes of one answer.
  std::string AnswerTo(const Load& load);

 private:
  struct Call;
  void Send(Call& call, const Load& load, absl::Time begin);
  // The call that is over by `deadline`, or nothing.
  Call* Next(absl::Time deadline);
  Call& IdleCall();
  LoadResult Finish(absl::Duration took);

  grpc::GenericStub stub_;
  grpc::CompletionQueue queue_;
  std::vector<std::unique_ptr<Call>> calls_;
  std::vector<Call*> idle_;
  std::size_t next_request_ = 0;
  std::vector<absl::Duration> latencies_;
  std::int64_t failures_ = 0;
};

}  // namespace tenuto

#endif  // TENUTO_TESTS_BENCHMARK_LOAD_H_
