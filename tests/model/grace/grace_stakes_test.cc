#include "model/grace/grace_stakes.h"

#include <cstdio>
#include <random>

#include "gtest/gtest.h"
#include "tests/support/unpaid_questions.h"
#include "tests/support/unpaid_tables.h"

namespace tenuto {
namespace {

constexpr int kSeed = 20261123;

DayActions NothingDone() {
  DayActions actions;
  for (DayAction& action : actions) action.access = Access::kNone;
  return actions;
}

PlanWorth Worth(const GraceStakes& stakes, const HazardTable& hazards,
                const DayActions& actions, const UnpaidPast& past = {},
                int last_day = kUnpaidDays) {
  return WorthOf(stakes, actions, Follow(hazards, actions, past), past,
                 last_day);
}

TEST(GraceStakes, ReckonsAPlanOfTwoDaysByHand) {
  HazardTable hazards;
  hazards.by_user(1, Access::kFull, true) = 0.25f;
  hazards.cancels(1, Access::kFull, true) = 0.5f;
  hazards.by_retry(2, 0, HazardTable::GapIndex(2)) = 0.5f;
  GraceStakes stakes;
  stakes.recovery_minor[1] = 1000;
  stakes.recovery_minor[2] = 800;
  stakes.access_day_minor = {0, 8, 16};
  stakes.attempt_minor = 4;
  stakes.message_minor = 3;
  stakes.message_goodwill_minor = 2;
  stakes.access_step_goodwill_minor = 7;
  DayActions actions = NothingDone();
  actions[1] = {Access::kFull, false, true};
  actions[2] = {Access::kNone, true, false};
  const PlanWorth worth = Worth(stakes, hazards, actions, {}, 2);
  const double open = 0.75 * 0.5;  // After day 1.
  EXPECT_DOUBLE_EQ(worth.recovered, 0.25 + open / 2);
  EXPECT_DOUBLE_EQ(worth.cancelled, 0.375);
  EXPECT_DOUBLE_EQ(worth.free_days, open);
  EXPECT_DOUBLE_EQ(worth.attempts, open);
  EXPECT_DOUBLE_EQ(worth.messages, 1);
  EXPECT_DOUBLE_EQ(worth.access_steps, 2 * open);
  EXPECT_DOUBLE_EQ(worth.recovery_minor, 250 + open / 2 * 800);
  EXPECT_DOUBLE_EQ(worth.net_minor(),
                   250 + open / 2 * 800 - 16 * open - 4 * open - 5 - 14 * open);
}

TEST(GraceStakes, CountsOnlyTheDaysToCome) {
  std::printf("seed %d\n", kSeed);
  std::mt19937 random(kSeed);
  const HazardTable hazards = testing::RandomHazards(random);
  const GraceStakes stakes = testing::SomeStakes();
  UnpaidPast past;
  past.day = 20;
  past.access = Access::kReduced;
  DayActions actions = NothingDone();
  const double before = Worth(stakes, hazards, actions, past).net_minor();
  for (std::size_t day = 1; day <= 20; ++day)
    actions[day].access = Access::kFull;
  EXPECT_EQ(Worth(stakes, hazards, actions, past).net_minor(), before);
  // One step down, on day 21, for certain.
  EXPECT_EQ(Worth(stakes, hazards, actions, past).access_steps, 1);
}

TEST(GraceStakes, IsWorthNothingAfterTheLastDay) {
  std::mt19937 random(kSeed + 1);
  const HazardTable hazards = testing::RandomHazards(random);
  UnpaidPast past;
  past.day = 30;
  past.access = Access::kNone;
  EXPECT_EQ(Worth(testing::SomeStakes(), hazards, NothingDone(), past, 30)
                .net_minor(),
            0);
}

}  // namespace
}  // namespace tenuto
