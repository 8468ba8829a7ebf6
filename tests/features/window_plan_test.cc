#include "features/window_plan.h"

#include <cmath>

#include "gtest/gtest.h"

namespace tenuto {
namespace {

TEST(WindowPlan, CountsRepeatedLengthsOnceAndSortsThem) {
  const WindowPlan plan(4, {28, 7, 28, 1}, {});
  EXPECT_EQ(plan.windows(), absl::Span<const int>({1, 7, 28}));
  EXPECT_EQ(plan.IndexOfWindow(7), 1);
}

TEST(WindowPlan, FindsTheShortestWindowThatHoldsADay) {
  const WindowPlan plan(4, {1, 7, 28}, {});
  EXPECT_EQ(plan.FirstWindowOfAge(-3), 0) << "a day to come";
  EXPECT_EQ(plan.FirstWindowOfAge(0), 0);
  EXPECT_EQ(plan.FirstWindowOfAge(1), 1);
  EXPECT_EQ(plan.FirstWindowOfAge(6), 1);
  EXPECT_EQ(plan.FirstWindowOfAge(7), 2);
  EXPECT_EQ(plan.FirstWindowOfAge(27), 2);
  EXPECT_EQ(plan.FirstWindowOfAge(28), 3) << "none";
  EXPECT_EQ(plan.FirstWindowOfAge(1'000'000), 3);
}

TEST(WindowPlan, KeepsTheDecaysOfASlotTogether) {
  const Decay slow = {2, 30, false};
  const Decay fast = {2, 7, true};
  const Decay other = {0, 7, false};
  const WindowPlan plan(4, {}, {slow, other, fast, slow});
  ASSERT_EQ(plan.decays().size(), 3u);
  ASSERT_EQ(plan.half_lives().size(), 2u);
  EXPECT_EQ(plan.FirstDecayOf(0), 0);
  EXPECT_EQ(plan.FirstDecayOf(1), 1);
  EXPECT_EQ(plan.FirstDecayOf(2), 1);
  EXPECT_EQ(plan.FirstDecayOf(3), 3);
  EXPECT_EQ(plan.FirstDecayOf(4), 3);
  const auto& found =
      plan.decays()[static_cast<std::size_t>(plan.IndexOfDecay(fast))];
  EXPECT_TRUE(found.count_days);
  EXPECT_EQ(plan.half_lives()[static_cast<std::size_t>(found.half_life)], 7);
  EXPECT_DOUBLE_EQ(plan.PowersOfAge(14)[found.half_life], 0.25);
  EXPECT_GT(plan.PowersOfAge(kHistoryDays - 1)[found.half_life], 0);
  EXPECT_EQ(plan.PowersOfAge(kHistoryDays)[found.half_life], 0) << "not kept";
  EXPECT_EQ(plan.PowersOfAge(1'000'000)[found.half_life], 0);
}

}  // namespace
}  // namespace tenuto
