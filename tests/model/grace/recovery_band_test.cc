#include "model/grace/recovery_band.h"

#include <cstdio>
#include <random>

#include "gtest/gtest.h"
#include "tests/support/unpaid_tables.h"

namespace tenuto {
namespace {

constexpr int kSeed = 20261124;

TEST(RecoveryBand, HoldsTheCurveBetweenGloomyAndRosy) {
  std::printf("seed %d\n", kSeed);
  std::mt19937 random(kSeed);
  for (int round = 0; round < 100; ++round) {
    const HazardTable hazards = testing::RandomHazards(random, 0.1);
    DayActions actions;
    for (DayAction& action : actions) action.attempts = random() % 4 == 0;
    const HazardTable low = ShiftOdds(hazards, 0.8, 1.2);
    const HazardTable high = ShiftOdds(hazards, 1.25, 0.8);
    const RecoveryBand band = BandOf(low, high, actions, {});
    const RecoveryBand turned = BandOf(high, low, actions, {});
    const auto curve = RecoveredBy(Follow(hazards, actions, {}));
    EXPECT_LT(band.low.back(), band.high.back() - 0.01);
    for (std::size_t day = 0; day <= kUnpaidDays; ++day) {
      ASSERT_LE(band.low[day], curve[day] + 1e-6) << day;
      ASSERT_GE(band.high[day], curve[day] - 1e-6) << day;
      ASSERT_EQ(turned.low[day], band.low[day]);
    }
  }
}

TEST(RecoveryBand, ShiftsOddsAndNotChances) {
  HazardTable hazards;
  hazards.by_user(3, Access::kFull, false) = 0.2f;
  hazards.by_retry(3, 1, 2) = 1;
  hazards.cancels(3, Access::kFull, false) = 0.5f;
  const HazardTable shifted = ShiftOdds(hazards, 2, 3);
  EXPECT_NEAR(shifted.by_user(3, Access::kFull, false), 1.0 / 3, 1e-6);
  EXPECT_EQ(shifted.by_retry(3, 1, 2), 1);
  EXPECT_EQ(shifted.by_retry(4, 1, 2), 0);
  EXPECT_NEAR(shifted.cancels(3, Access::kFull, false), 0.75, 1e-6);
}

}  // namespace
}  // namespace tenuto
