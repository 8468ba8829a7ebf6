#include "server/worker_pool.h"

#include <atomic>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

namespace tenuto {
namespace {

TEST(WorkerPool, RunsEverythingItTookBeforeItStops) {
  std::atomic<int> done = 0;
  {
    WorkerPool pool(3, 100);
    for (int k = 0; k < 100; ++k) {
      EXPECT_TRUE(pool.TryRun([&] { ++done; }));
    }
  }
  EXPECT_EQ(done, 100);
}

TEST(WorkerPool, RefusesWorkWhenTooMuchWaits) {
  absl::Notification started;
  absl::Notification go;
  WorkerPool pool(1, 1);
  EXPECT_TRUE(pool.TryRun([&] {
    started.Notify();
    go.WaitForNotification();
  }));
  started.WaitForNotification();
  EXPECT_TRUE(pool.TryRun([] {}));
  EXPECT_FALSE(pool.TryRun([] {}));
  go.Notify();
}

TEST(WorkerPool, SaysWhenNoThreadIsFreeToBegin) {
  absl::Notification started;
  absl::Notification go;
  WorkerPool pool(1, 10);
  // The thread may not have come up yet.
  while (!pool.TryRunNow([&] {
    started.Notify();
    go.WaitForNotification();
  })) {
  }
  EXPECT_FALSE(pool.TryRunNow([] {}));
  started.WaitForNotification();
  EXPECT_FALSE(pool.TryRunNow([] {}));
  absl::Notification done;
  EXPECT_TRUE(pool.TryRun([&] { done.Notify(); }));
  go.Notify();
  done.WaitForNotification();
}

TEST(WorkerPool, RunsAsManyAtOnceAsItHasThreads) {
  absl::Notification first;
  absl::Notification second;
  WorkerPool pool(2, 2);
  // Each waits for the other; one thread alone would hang.
  EXPECT_TRUE(pool.TryRun([&] {
    first.Notify();
    second.WaitForNotification();
  }));
  EXPECT_TRUE(pool.TryRun([&] {
    second.Notify();
    first.WaitForNotification();
  }));
}

}  // namespace
}  // namespace tenuto
