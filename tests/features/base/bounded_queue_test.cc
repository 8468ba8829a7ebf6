#include "features/base/bounded_queue.h"

#include <atomic>
#include <deque>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace tenuto {
namespace {

TEST(BoundedQueue, GivesItemsInTheOrderTheyCame) {
  BoundedQueue<int> queue(3);
  EXPECT_TRUE(queue.TryPush(1));
  EXPECT_TRUE(queue.TryPush(2));
  EXPECT_EQ(queue.Pop(), 1);
  EXPECT_EQ(queue.Pop(), 2);
}

TEST(BoundedQueue, RefusesWhatIsAboveItsLimit) {
  BoundedQueue<int> queue(2);
  EXPECT_TRUE(queue.TryPush(1));
  EXPECT_TRUE(queue.TryPush(2));
  EXPECT_FALSE(queue.TryPush(3));
  EXPECT_EQ(queue.Pop(), 1);
  EXPECT_TRUE(queue.TryPush(4));
  EXPECT_EQ(queue.PopAll(absl::ZeroDuration()), (std::deque<int>{2, 4}));
}

TEST(BoundedQueue, GivesWhatItHoldsAfterClosingAndThenNothing) {
  BoundedQueue<int> queue(2);
  EXPECT_TRUE(queue.TryPush(1));
  queue.Close();
  EXPECT_FALSE(queue.TryPush(2));
  EXPECT_EQ(queue.Pop(), 1);
  EXPECT_EQ(queue.Pop(), std::nullopt);
  EXPECT_TRUE(queue.PopAll(absl::InfiniteDuration()).empty());
}

TEST(BoundedQueue, WaitsForCompanyOnlyUntilItIsHalfFull) {
  BoundedQueue<int> queue(4);
  EXPECT_TRUE(queue.TryPush(1));
  EXPECT_TRUE(queue.TryPush(2));
  // Would hang here if half full were not enough.
  EXPECT_EQ(queue.PopAll(absl::InfiniteDuration()).size(), 2u);
}

TEST(BoundedQueue, LosesNothingBetweenManyThreads) {
  constexpr int kThreads = 4;
  constexpr int kItems = 2000;
  BoundedQueue<int> queue(kThreads * kItems);
  std::atomic<int> sum = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      while (const auto item = queue.Pop()) sum += *item;
    });
  }
  std::vector<std::thread> producers;
  for (int t = 0; t < kThreads; ++t) {
    producers.emplace_back([&] {
      for (int k = 1; k <= kItems; ++k) EXPECT_TRUE(queue.TryPush(k));
    });
  }
  for (std::thread& thread : producers) thread.join();
  queue.Close();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(sum, kThreads * kItems * (kItems + 1) / 2);
}

}  // namespace
}  // namespace tenuto
