// Calls of one method as fast as a server answers, or as many a second as are
// due: a client on one thread, with requests in bytes made beforehand and
// answers nobody parses, so that a server on another core is what limits a
// measurement.
// Not thread-safe.
#ifndef TENUTO_TESTS_BENCHMARK_LOAD_H_
#define TENUTO_TESTS_BENCHMARK_LOAD_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "google/protobuf/message_lite.h"
#include "tests/benchmark/http2_connection.h"

namespace tenuto {

// Calls of one method. Requests are taken in turn.
struct Load {
  std::string method;                 // "/tenuto.v1.Scoring/ScoreRows"
  std::vector<std::string> requests;  // A GrpcFrame each.

  void Add(const google::protobuf::MessageLite& request);
};

struct LoadResult {
  absl::Duration took = absl::ZeroDuration();
  std::int64_t failures = 0;
  std::vector<absl::Duration> latencies;  // A call each, the shortest first.
  // In which the client had nothing to read: the server was what it waited for.
  absl::Duration waited = absl::ZeroDuration();

  double calls_per_s() const;
  // What `share` of the calls took at most.
  double Milliseconds(double share) const;
  void Merge(const LoadResult& other);
};

class LoadClient {
 public:
  // `address` is of the loopback, "127.0.0.1:7400".
  explicit LoadClient(const std::string& address);

  // Always `in_flight` calls at a time: what a server can do at most. A call
  // takes from when it was sent.
  LoadResult Closed(const Load& load, int in_flight, absl::Duration duration);

  // A call every 1/`calls_per_s`, however many are unanswered. A call takes
  // from when it was due, sent or not: a server that stalls cannot hide it.
  LoadResult Open(const Load& load, double calls_per_s,
                  absl::Duration duration);
  // The same without a pause, told apart by the `window` in which calls were
  // due: where the server fell behind in one, the next shows it too.
  std::vector<LoadResult> OpenByWindow(const Load& load, double calls_per_s,
                                       absl::Duration window, int windows);

  // The bytes of one answer.
  std::string AnswerTo(const Load& load);

 private:
  using Call = Http2Connection::Call;
  void Begin(Call& call, const Load& load, absl::Time begin);
  Call& IdleCall();
  // Notes that these calls are over.
  void Note(const std::vector<Call*>& over);
  // All that was noted, and forgets it.
  LoadResult Finish(absl::Duration took);

  Http2Connection connection_;
  std::vector<std::unique_ptr<Call>> calls_;
  std::vector<Call*> idle_;
  std::size_t next_request_ = 0;
  struct Noted {
    absl::Time begin;
    absl::Duration latency;
    bool is_ok;
  };
  std::vector<Noted> noted_;
};

}  // namespace tenuto

#endif  // TENUTO_TESTS_BENCHMARK_LOAD_H_
