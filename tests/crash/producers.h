// Producers of events who send to a server that dies on them, and their book
// of what it acknowledged: it must hold all of that, once; what was on its way
// it may hold or not; nothing else.
#ifndef TENUTO_TESTS_CRASH_PRODUCERS_H_
#define TENUTO_TESTS_CRASH_PRODUCERS_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "tenuto/v1/ingest.grpc.pb.h"
#include "tests/crash/expected_events.h"
#include "tests/support/server_process.h"

namespace tenuto::testing {

// A number of the environment.
std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise);

// Not thread-safe.
class Producers {
 public:
  Producers(const ServerFolder& folder, int count);

  // Each sends, first what is of unknown fate, until a call of its own fails.
  void Start(const ServerProcess& server);
  // False: none did.
  bool OneGivesUpWithin(absl::Duration wait);
  bool any_in_flight() const { return in_flight_ > 0; }
  // Waits until all have given up.
  void Join();

  // What is of unknown fate, again: all of it must be acknowledged.
  std::size_t SendUnknown(const ServerProcess& server);
  // Every acknowledged event is in the log once, and of these users none that
  // nobody sent. Returns the number of events of other users.
  std::size_t CheckLog(bool all_committed) const;
  std::size_t sent() const { return next_; }

 private:
  using Events = std::vector<std::size_t>;

  // Sends `events`, all pending, and notes what was acknowledged. False when
  // the call failed.
  bool Send(v1::Ingest::Stub& stub, const Events& events);
  void SendUntilAFailure(v1::Ingest::Stub& stub, Events& unknown);

  const ServerFolder& folder_;
  ExpectedEvents expected_;
  std::atomic<std::size_t> next_{0};
  std::atomic<int> in_flight_{0};
  std::vector<Events> unknown_;  // Fate unknown, by producer.
  std::vector<std::thread> threads_;
  absl::Mutex mutex_;
  bool gave_up_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace tenuto::testing

#endif  // TENUTO_TESTS_CRASH_PRODUCERS_H_
