// Keeps every thread for long work busy, and its queue full, until told to go.
// Thread-safe.
#ifndef TENUTO_TESTS_SUPPORT_HEAVY_WORK_H_
#define TENUTO_TESTS_SUPPORT_HEAVY_WORK_H_

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>

#include "absl/synchronization/notification.h"
#include "server/calls.h"

namespace tenuto {

// Full when it returns: a thread that had not begun would make room later.
inline std::shared_ptr<absl::Notification> FillHeavyPool(Calls& calls) {
  const auto go = std::make_shared<absl::Notification>();
  const auto begun = std::make_shared<std::atomic<unsigned>>(0);
  const auto work = [go, begun] {
    ++*begun;
    go->WaitForNotification();
  };
  const unsigned threads = std::max(1u, std::thread::hardware_concurrency());
  for (unsigned k = 0; k < threads; ++k) calls.TryRunHeavy(work);
  while (*begun < threads) std::this_thread::yield();
  while (calls.TryRunHeavy(work)) {
  }
  return go;
}

}  // namespace tenuto

#endif  // TENUTO_TESTS_SUPPORT_HEAVY_WORK_H_
