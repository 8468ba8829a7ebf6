#include "server/spares.h"

#include <atomic>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

namespace tenuto {
namespace {

struct Desk {
  int used = 0;
  std::atomic<bool> taken{false};
};

TEST(SparesTest, TheOneUsedLastIsTakenFirst) {
  Spares<Desk> spares(3);
  const Desk* last = nullptr;
  {
    const auto first = spares.Take();
    const auto second = spares.Take();
    last = &*first;  // Given back after the second.
  }
  for (int k = 0; k < 5; ++k) {
    const auto again = spares.Take();
    EXPECT_EQ(&*again, last);
    EXPECT_EQ(again->used++, k);
  }
}

TEST(SparesTest, WaitsForOneToBeGivenBack) {
  Spares<Desk> spares(1);
  absl::Notification got;
  std::thread waiter;
  {
    const auto taken = spares.Take();
    waiter = std::thread([&] {
      const auto later = spares.Take();
      EXPECT_EQ(later->used, 7);
      got.Notify();
    });
    EXPECT_FALSE(got.WaitForNotificationWithTimeout(absl::Milliseconds(20)));
    taken->used = 7;
  }
  got.WaitForNotification();
  waiter.join();
}

TEST(SparesTest, NoneIsTakenTwiceAtOnce) {
  constexpr int kThreads = 8;
  constexpr int kRounds = 20'000;
  Spares<Desk> spares(2);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int k = 0; k < kRounds; ++k) {
        const auto desk = spares.Take();
        ASSERT_FALSE(desk->taken.exchange(true));
        ++desk->used;
        desk->taken = false;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto first = spares.Take();
  const auto second = spares.Take();
  EXPECT_EQ(first->used + second->used, kThreads * kRounds);
}

}  // namespace
}  // namespace tenuto
