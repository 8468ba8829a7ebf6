// Folds pending signals from the log while the server serves, out of its way.
#ifndef TENUTO_SERVER_BACKFILL_THREAD_H_
#define TENUTO_SERVER_BACKFILL_THREAD_H_

#include <atomic>
#include <cstdint>
#include <thread>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "features/ledger.h"

namespace tenuto {

// Start() and Stop() are not thread-safe against each other; done() is.
class BackfillThread {
 public:
  // `ledger` must outlive it. A disk that fails is tried again `retry_after`.
  explicit BackfillThread(Ledger& ledger,
                          absl::Duration retry_after = absl::Seconds(10))
      : ledger_(ledger), retry_after_(retry_after) {}
  ~BackfillThread() { Stop(); }
  BackfillThread(const BackfillThread&) = delete;
  BackfillThread& operator=(const BackfillThread&) = delete;

  // Only when a signal is pending. The thread gives way to every other one.
  void Start();
  // Soon; the next server goes on where it was. Effective once.
  void Stop();
  bool done() const { return done_; }  // Nothing is pending any more.

 private:
  void Run();
  absl::Status Backfill(std::int64_t& users);

  Ledger& ledger_;
  const absl::Duration retry_after_;
  std::atomic<bool> stopped_{false};
  absl::Notification stop_;
  std::atomic<bool> done_{false};
  std::thread thread_;
};

}  // namespace tenuto

#endif  // TENUTO_SERVER_BACKFILL_THREAD_H_
