#include "model/grace/grace_choice.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <random>

#include "gtest/gtest.h"
#include "tests/support/unpaid_questions.h"
#include "tests/support/unpaid_tables.h"

namespace tenuto {
namespace {

constexpr int kSeed = 20261126;

PlanLimits AppleLengths() {
  PlanLimits limits;
  limits.full_lengths = DaySet(1ull << 0 | 1ull << 3 | 1ull << 16 | 1ull << 28);
  return limits;
}

TEST(GraceChoice, DrawsEachLengthAsOftenAsItsPropensitySays) {
  std::printf("seed %d\n", kSeed);
  std::mt19937_64 random(kSeed);
  constexpr int kDraws = 200'000;
  std::map<int, int> drawn;
  std::map<int, double> propensity;
  for (int i = 0; i < kDraws; ++i) {
    const LengthChoice choice =
        ChooseLength(AppleLengths(), {}, 16, 0.2, random());
    ++drawn[choice.full_days];
    propensity[choice.full_days] = choice.propensity;
  }
  double sum = 0;
  ASSERT_EQ(drawn.size(), 4u);
  for (const auto& [days, count] : drawn) {
    const double share = propensity[days];
    sum += share;
    EXPECT_NEAR(static_cast<double>(count) / kDraws, share,
                5 * std::sqrt(share * (1 - share) / kDraws))
        << days;
  }
  EXPECT_DOUBLE_EQ(sum, 1);
  EXPECT_DOUBLE_EQ(propensity[16], 0.85);
  EXPECT_DOUBLE_EQ(propensity[3], 0.05);
}

TEST(GraceChoice, HoldsALengthAndStillComparesTheOthers) {
  const HazardTable hazards = testing::LifelikeHazards({});
  const GraceStakes stakes = testing::SomeStakes();
  const PlanLimits limits = AppleLengths();
  const UnpaidPast past;
  const PlanQuestion question{hazards, stakes, limits, past};
  GracePlanner planner;
  const GracePlan best =
      planner.Plan(hazards, stakes, limits, past, PlanDetail::kEverything);
  for (const int days : {0, 3, 16, 28}) {
    const ChosenPlan held = PlanHeld(planner, question, {days, true, 0.25},
                                     PlanDetail::kEverything);
    EXPECT_EQ(held.plan.full_days, days);
    EXPECT_EQ(held.choice.propensity, 0.25);
    EXPECT_EQ(held.plan.lengths().size(), best.lengths().size());
    EXPECT_LE(held.plan.worth.net_minor(), best.worth.net_minor() + 0.05);
    EXPECT_EQ(
        PlanHeld(planner, question, {days, true, 0.25}, PlanDetail::kActions)
            .plan.actions,
        held.plan.actions);
  }
}

TEST(GraceChoice, TakesTheBestWithoutAShare) {
  for (const std::uint64_t number : {std::uint64_t{0}, ~std::uint64_t{0}}) {
    const LengthChoice choice = ChooseLength(AppleLengths(), {}, 3, 0, number);
    EXPECT_EQ(choice.full_days, 3);
    EXPECT_FALSE(choice.randomised);
    EXPECT_EQ(choice.propensity, 1);
  }
  EXPECT_LE(ChooseLength(AppleLengths(), {}, 3, 1, ~std::uint64_t{0}).full_days,
            28);
}

TEST(GraceChoice, LeavesLengthsAloneThatAreOver) {
  UnpaidPast past;
  past.day = 5;
  for (std::uint64_t i = 0; i < 64; ++i) {
    const LengthChoice choice =
        ChooseLength(AppleLengths(), past, 16, 1, i << 58);
    // The number says what it says on day 0; 0 and 3 are over.
    const int drawn =
        ChooseLength(AppleLengths(), {}, 16, 1, i << 58).full_days;
    EXPECT_EQ(choice.full_days, std::max(drawn, 16));
    EXPECT_DOUBLE_EQ(choice.propensity, drawn == 28 ? 0.25 : 0.75);
    EXPECT_DOUBLE_EQ(
        ChooseLength(AppleLengths(), past, 28, 0.5, i << 58).propensity,
        i < 24 ? 0.375 : 0.625);
  }
  past.access = Access::kNone;
  past.full_days = 3;
  EXPECT_EQ(ChooseLength(AppleLengths(), past, 3, 1, 0).propensity, 1);
}

TEST(GraceChoice, PlansTheRestForALengthDrawnByChance) {
  std::mt19937_64 random(kSeed + 1);
  GracePlanner planner;
  const HazardTable hazards = testing::LifelikeHazards({});
  const GraceStakes stakes = testing::SomeStakes();
  const PlanLimits limits = AppleLengths();
  const PlanQuestion question{hazards, stakes, limits, {}};
  int randomised = 0;
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t number = random();
    const ChosenPlan chosen =
        PlanByChance(planner, question, 0.5, number, PlanDetail::kEverything);
    EXPECT_EQ(chosen.plan.full_days, chosen.choice.full_days);
    randomised += chosen.choice.randomised ? 1 : 0;
    for (const LengthValue& length : chosen.plan.lengths()) {
      if (length.full_days != chosen.plan.full_days) continue;
      EXPECT_NEAR(length.net_value_minor, chosen.plan.worth.net_minor(), 0.7);
    }
    const ChosenPlan again =
        PlanByChance(planner, question, 0.5, number, PlanDetail::kActions);
    EXPECT_EQ(again.plan.actions, chosen.plan.actions);
  }
  EXPECT_NEAR(randomised, 50, 20);
}

}  // namespace
}  // namespace tenuto
