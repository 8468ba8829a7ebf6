#include "training/world/house_dunning.h"

#include <map>
#include <tuple>

#include "gtest/gtest.h"

namespace tenuto::world {
namespace {

Draws On(int n) { return Draws(3, std::uint64_t(n), 0, Purpose::kGrace); }

// Each choice must come as often as its propensity says.
void ExpectFair(v1::Store store, bool is_stopped) {
  constexpr int kCount = 40'000;
  std::map<std::tuple<int, int, std::uint64_t, std::uint64_t>,
           std::pair<int, double>>
      seen;
  for (int n = 0; n < kCount; ++n) {
    const DunningPlan plan = PlanFor({}, store, is_stopped, On(n));
    auto& [count, propensity] = seen[{plan.full_days, plan.reduced_days,
                                      plan.attempt_days, plan.message_days}];
    ++count;
    propensity = plan.propensity;
  }
  double sum = 0;
  for (const auto& [choice, found] : seen) {
    sum += found.second;
    const double expected = kCount * found.second;
    EXPECT_NEAR(found.first, expected, 5 * std::sqrt(expected));
  }
  EXPECT_NEAR(sum, 1, 1e-9);
}

TEST(HouseDunning, LogsHowLikelyEachChoiceWas) {
  ExpectFair(v1::STORE_UNSPECIFIED, false);
  ExpectFair(v1::STORE_UNSPECIFIED, true);
  ExpectFair(v1::STORE_APP_STORE, false);
  ExpectFair(v1::STORE_GOOGLE_PLAY, false);
}

TEST(HouseDunning, LeavesCollectingToStoresAndStoppedCardsAlone) {
  for (int n = 0; n < 200; ++n) {
    EXPECT_EQ(PlanFor({}, v1::STORE_APP_STORE, false, On(n)).attempt_days, 0u);
    EXPECT_EQ(PlanFor({}, v1::STORE_UNSPECIFIED, true, On(n)).attempt_days, 0u);
    EXPECT_NE(PlanFor({}, v1::STORE_UNSPECIFIED, false, On(n)).attempt_days,
              0u);
  }
}

TEST(HouseDunning, TakesAccessAwayStepByStep) {
  DunningPlan plan;
  plan.full_days = 3;
  plan.reduced_days = 2;
  EXPECT_EQ(plan.AccessOn(3), Access::kFull);
  EXPECT_EQ(plan.AccessOn(4), Access::kReduced);
  EXPECT_EQ(plan.AccessOn(5), Access::kReduced);
  EXPECT_EQ(plan.AccessOn(6), Access::kNone);
}

TEST(HouseDunning, LetsAMessageWorkForItsDays) {
  DunningPlan plan;
  plan.message_days = DaySet({4});
  EXPECT_FALSE(plan.IsMessaged(3));
  for (int k = 0; k < kMessageDays; ++k) EXPECT_TRUE(plan.IsMessaged(4 + k));
  EXPECT_FALSE(plan.IsMessaged(4 + kMessageDays));
}

}  // namespace
}  // namespace tenuto::world
