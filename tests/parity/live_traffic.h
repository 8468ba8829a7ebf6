// Producers and askers of a running server, side by side: events on time, late,
// repeated, of every payload, with consent that comes and goes, while the same
// users are scored and explained.
// Thread-safe.
#ifndef TENUTO_TESTS_PARITY_LIVE_TRAFFIC_H_
#define TENUTO_TESTS_PARITY_LIVE_TRAFFIC_H_

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/channel.h"
#include "tenuto/v1/event.pb.h"
#include "tenuto/v1/ingest.pb.h"
#include "tests/support/random_events.h"

namespace tenuto::testing {

inline constexpr int kUsers = 200;
inline constexpr int kPastDays = 120;

std::string UserName(std::int64_t number);

// What one producer sends. Not thread-safe.
class Producer {
 public:
  // Event ids begin with `name`.
  Producer(const std::string& name, std::uint64_t seed);
  v1::Event Next();
  std::int64_t late() const { return late_; }
  std::int64_t consents() const { return consents_; }

 private:
  const std::string name_;
  RandomEvents random_;
  v1::Event last_;
  std::int64_t late_ = 0;  // By a day or more.
  std::int64_t consents_ = 0;
};

struct TrafficCounts {
  std::int64_t accepted = 0;
  std::int64_t duplicate = 0;
  std::int64_t rejected = 0;
  std::int64_t late = 0;
  std::int64_t consents = 0;
  std::int64_t scores = 0;  // Of users, answered; of them explained:
  std::int64_t explained = 0;
  std::int64_t failed_calls = 0;
};

class LiveTraffic {
 public:
  // Two producers and two askers begin at once; no two `seed`s share an event.
  LiveTraffic(std::shared_ptr<grpc::Channel> channel, std::uint64_t seed);
  ~LiveTraffic() { Stop(); }

  // Waits until so many scores and accepted events are answered, or a call
  // fails.
  void WaitFor(std::int64_t scores, std::int64_t accepted) const;
  // Ends every client between two calls.
  TrafficCounts Stop();

 private:
  void IngestOneByOne(std::uint64_t seed);
  void IngestInAStream(std::uint64_t seed);
  void Ask(std::uint64_t seed);

  // False: stop.
  bool Count(const v1::IngestEventsResponse& response);
  bool CountScores(bool ok, std::int64_t scores, bool explained);
  bool Fail();
  void CountSent(const Producer& producer);

  const std::shared_ptr<grpc::Channel> channel_;
  mutable absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  TrafficCounts counts_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> clients_;
};

}  // namespace tenuto::testing

#endif  // TENUTO_TESTS_PARITY_LIVE_TRAFFIC_H_
