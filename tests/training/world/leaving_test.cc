#include "training/world/leaving.h"

#include "gtest/gtest.h"
#include "tests/training/world/collector.h"

namespace tenuto::world {
namespace {

LeavingChances At(double level, int tenure = 100, bool failing = false) {
  Traits traits;
  traits.price_sensitivity = 0.5;
  Interest interest;
  interest.level = level;
  return ChancesOfLeaving(traits, interest, tenure, failing);
}

TEST(Leaving, IsLikelierTheLessSomebodyCares) {
  for (double level = -3; level < 3; level += 0.5) {
    const LeavingChances less = At(level);
    const LeavingChances more = At(level + 0.5);
    EXPECT_GT(less.leave_contented, more.leave_contented);
    EXPECT_GT(less.leave_considering, more.leave_considering);
    EXPECT_GT(less.begin_considering, more.begin_considering);
    EXPECT_LT(less.calm_down, more.calm_down);
    EXPECT_GT(less.leave_considering, 10 * less.leave_contented);
  }
}

TEST(Leaving, IsLessLikelyAfterLongTenureAndMoreWhilePaymentsFail) {
  EXPECT_LT(At(0, 1000).begin_considering, At(0, 10).begin_considering);
  EXPECT_GT(At(0, 100, true).begin_considering, At(0).begin_considering);
}

TEST(Leaving, HasChancesEvenAtTheEndsOfInterest) {
  for (const double level : {-100.0, 100.0}) {
    const LeavingChances chances = At(level);
    EXPECT_GT(chances.leave_contented, 0);
    EXPECT_LT(chances.leave_considering, 1);
    EXPECT_LT(chances.calm_down, 1);
  }
}

TEST(Leaving, DrawsWhatTheSharesSay) {
  const LeavingChances chances = At(-1);
  IntentionShares shares{1, 0, 0};
  constexpr int kDays = 20;
  for (int day = 0; day < kDays; ++day) AdvanceShares(chances, shares);
  EXPECT_NEAR(shares.contented + shares.considering + shares.left, 1, 1e-12);

  constexpr int kPeople = 100'000;
  int left = 0;
  int considering = 0;
  for (std::uint64_t user = 0; user < kPeople; ++user) {
    Intention intention = Intention::kContented;
    for (int day = 0; day < kDays && intention != Intention::kLeaves; ++day) {
      intention = AdvanceIntention(chances, day, {3, user}, intention);
    }
    left += intention == Intention::kLeaves;
    considering += intention == Intention::kConsidering;
  }
  EXPECT_NEAR(left / double{kPeople}, shares.left, 0.004);
  EXPECT_NEAR(considering / double{kPeople}, shares.considering, 0.004);
}

TEST(Leaving, NamesFreshTroubleAndForgetsOldTrouble) {
  Traits traits;
  traits.price_sensitivity = 0.9;
  Interest interest;
  interest.trouble = v1::CANCEL_REASON_COMPETITOR;
  interest.trouble_day = 100;
  EXPECT_EQ(ReasonToLeave(traits, interest, 120), v1::CANCEL_REASON_COMPETITOR);
  EXPECT_EQ(ReasonToLeave(traits, interest, 200), v1::CANCEL_REASON_PRICE);
}

TEST(Leaving, KeepsTheFreePlanMoreOftenForPriceThanForBoredom) {
  Traits thrifty;
  thrifty.price_sensitivity = 1;
  Interest interest;
  Interest bored;
  bored.level = -2;
  EXPECT_GT(DowngradeShare(thrifty, interest), DowngradeShare(thrifty, bored));
  EXPECT_GT(DowngradeShare(thrifty, interest),
            DowngradeShare(Traits(), interest));
}

}  // namespace
}  // namespace tenuto::world
