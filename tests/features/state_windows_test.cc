#include "features/state_windows.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/support/random_events.h"

namespace tenuto {
namespace {

// A Monday; slot 0 is the only one used.
constexpr int kMonday = 19'674;
const Decay kOfTiles = {0, 7, false};
const Decay kOfDays = {0, 7, true};

class StateWindowsTest : public ::testing::Test {
 protected:
  void SetDay(int day, std::int64_t n) {
    state_.newest_day = std::max(state_.newest_day, day);
    *state_.Day(day) = n;
  }
  // As seen `into` a day.
  const StateWindows& At(int day, std::int64_t into_us = 0) {
    state_.Encode(bytes_);
    windows_ =
        std::make_unique<StateWindows>(layout_, plan_, day * kDayUs + into_us);
    EXPECT_TRUE(windows_->Read(bytes_));
    return *windows_;
  }

  const StateLayout layout_{Catalogue::Embedded()};
  const WindowPlan plan_{layout_.daily, {1, 7, 14}, {kOfTiles, kOfDays}};
  UserState state_{layout_};
  std::string bytes_;
  std::unique_ptr<StateWindows> windows_;
};

TEST_F(StateWindowsTest, LooksAtWholeDaysWhereItCountsDays) {
  SetDay(kMonday, 5);
  EXPECT_EQ(At(kMonday + 7).ActiveDays(1, 0), 1) << "midnight: 7 days behind";
  EXPECT_EQ(At(kMonday + 7, 1).ActiveDays(1, 0), 0);
  EXPECT_EQ(At(kMonday + 7).FirstDay(1), kMonday);
  EXPECT_EQ(At(kMonday + 7).LastDay(), kMonday + 6);
  EXPECT_EQ(At(kMonday + 7, 1).LastDay(), kMonday + 7);
}

TEST_F(StateWindowsTest, DoesNotSeeDaysToCome) {
  SetDay(kMonday, 1);
  SetDay(kMonday + 3, 2);
  EXPECT_EQ(At(kMonday + 2).Sum(1, 0), 1);
  EXPECT_EQ(At(kMonday + 2).Streak(0), 1);
  EXPECT_EQ(At(kMonday + 3).Sum(1, 0), 3) << "today's tile is whole";
}

TEST_F(StateWindowsTest, FindsGapsAtBothEndsAndBetween) {
  EXPECT_EQ(At(kMonday).LongestGap(1, 0), 7);
  SetDay(kMonday, 1);
  EXPECT_EQ(At(kMonday + 1).LongestGap(1, 0), 6);
  EXPECT_EQ(At(kMonday + 5).LongestGap(1, 0), 4);
  SetDay(kMonday + 4, 1);
  EXPECT_EQ(At(kMonday + 6).LongestGap(1, 0), 3);
}

TEST_F(StateWindowsTest, MeasuresTheNewestRunOfActiveDays) {
  EXPECT_EQ(At(kMonday).Streak(0), 0);
  for (const int day : {0, 1, 3, 4, 5}) SetDay(kMonday + day, 1);
  EXPECT_EQ(At(kMonday + 6).Streak(0), 3);
  EXPECT_EQ(At(kMonday + 30).Streak(0), 3) << "however long ago";
  EXPECT_EQ(At(kMonday + 3).Streak(0), 2);
}

TEST_F(StateWindowsTest, KnowsSaturdaysAndSundays) {
  EXPECT_TRUE(std::isnan(At(kMonday).WeekendShare(1, 0)));
  for (int day = 0; day < 7; ++day) SetDay(kMonday + day, day < 5 ? 1 : 5);
  EXPECT_DOUBLE_EQ(At(kMonday + 7).WeekendShare(1, 0), 10.0 / 15);
  EXPECT_DOUBLE_EQ(At(kMonday + 5).WeekendShare(1, 0), 0);
}

TEST_F(StateWindowsTest, HalvesADecayedSumAfterEachHalfLife) {
  SetDay(kMonday, 8);
  const int tiles = plan_.IndexOfDecay(kOfTiles);
  const int days = plan_.IndexOfDecay(kOfDays);
  EXPECT_DOUBLE_EQ(At(kMonday, kDayUs / 2).DecayedSum(tiles), 8);
  EXPECT_DOUBLE_EQ(At(kMonday + 7, kDayUs / 2).DecayedSum(tiles), 4);
  EXPECT_DOUBLE_EQ(At(kMonday + 14, kDayUs / 2).DecayedSum(days), 0.25);
}

TEST_F(StateWindowsTest, CountsDistinctThingsOfItsWindowOnly) {
  testing::Draws draws(81);
  state_.newest_day = kMonday + 10;
  for (int k = 0; k < 20; ++k) state_.sketches[0].Add(draws.Next(), kMonday);
  for (int k = 0; k < 5; ++k) {
    state_.sketches[0].Add(draws.Next(), kMonday + 10);
  }
  EXPECT_NEAR(At(kMonday + 11).Distinct(0, 0), 5, 1);
  EXPECT_NEAR(At(kMonday + 11).Distinct(1, 0), 5, 1);
  EXPECT_NEAR(At(kMonday + 11).Distinct(2, 0), 25, 5);
  EXPECT_EQ(At(kMonday + 11).Distinct(2, 1), 0);
}

TEST_F(StateWindowsTest, IsAllZerosForAUserNeverHeardOf) {
  StateWindows windows(layout_, plan_, kMonday * kDayUs);
  ASSERT_TRUE(windows.Read(""));
  for (int slot = 0; slot < layout_.daily; ++slot) {
    EXPECT_EQ(windows.Sum(2, slot), 0);
    EXPECT_EQ(windows.ActiveDays(2, slot), 0);
  }
  EXPECT_EQ(windows.total(0), 0);
  EXPECT_EQ(windows.last_time(0), kNever);
  EXPECT_EQ(windows.latest(0).time_us, kNever);
}

}  // namespace
}  // namespace tenuto
