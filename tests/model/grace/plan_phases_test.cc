#include "model/grace/plan_phases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "model/grace/grace_choice.h"
#include "tests/support/rounds.h"
#include "tests/support/unpaid_questions.h"
#include "tests/support/unpaid_tables.h"

namespace tenuto {
namespace {

using ::testing::ElementsAre;
using Phase = SubscriptionPhase;

constexpr absl::Duration kDay = absl::Hours(24);
constexpr absl::Duration kTick = absl::Microseconds(1);
const absl::Time kMidnight = absl::FromUnixSeconds(1'780'272'000);
// In the afternoon: a day of a plan is no 24 hours from the failure.
const absl::Time kFailed = kMidnight + absl::Hours(15);

GracePlan Lengths(int full_days, int reduced_days, int last_day) {
  GracePlan plan;
  plan.full_days = full_days;
  plan.reduced_days = reduced_days;
  plan.last_day = last_day;
  return plan;
}

// "IN_GRACE 2 @0d15h", where access is 0, 1 or 2.
std::vector<std::string> Said(const PlanPhases& phases) {
  std::vector<std::string> said;
  for (const PhaseSpan& span : phases.spans()) {
    const auto hours = absl::ToInt64Hours(span.begin - kMidnight);
    said.push_back(absl::StrCat(std::string(NameOf(span.phase)), " ",
                                static_cast<int>(span.access), " @", hours / 24,
                                "d", hours % 24, "h"));
  }
  return said;
}

std::vector<std::string> Said(const GracePlan& plan, absl::Time now,
                              absl::Duration silent = {}) {
  return Said(PhasesOf(plan, kFailed, silent, now));
}

TEST(PlanPhases, ChangeAtMidnightAfterTheDaysOfThePlan) {
  EXPECT_THAT(Said(Lengths(3, 4, 30), kFailed + absl::Hours(1)),
              ElementsAre("IN_GRACE 2 @0d15h", "IN_GRACE 1 @4d0h",
                          "ON_HOLD 0 @8d0h", "EXPIRED 0 @31d0h"));
}

TEST(PlanPhases, BeginWithTheOneThatHoldsNow) {
  const GracePlan plan = Lengths(3, 4, 30);
  EXPECT_THAT(Said(plan, kMidnight + 4 * kDay - kTick).front(),
              "IN_GRACE 2 @0d15h");
  EXPECT_THAT(
      Said(plan, kMidnight + 4 * kDay),
      ElementsAre("IN_GRACE 1 @4d0h", "ON_HOLD 0 @8d0h", "EXPIRED 0 @31d0h"));
  EXPECT_THAT(Said(plan, kMidnight + 20 * kDay),
              ElementsAre("ON_HOLD 0 @8d0h", "EXPIRED 0 @31d0h"));
  EXPECT_THAT(Said(plan, kMidnight + 31 * kDay),
              ElementsAre("EXPIRED 0 @31d0h"));
}

TEST(PlanPhases, LeaveOutWhatLastsNoTime) {
  EXPECT_THAT(
      Said(Lengths(0, 0, 30), kFailed),
      ElementsAre("IN_GRACE 2 @0d15h", "ON_HOLD 0 @1d0h", "EXPIRED 0 @31d0h"));
  EXPECT_THAT(
      Said(Lengths(5, 2, 7), kFailed),
      ElementsAre("IN_GRACE 2 @0d15h", "IN_GRACE 1 @6d0h", "EXPIRED 0 @8d0h"));
  EXPECT_THAT(Said(Lengths(9, 0, 7), kFailed),
              ElementsAre("IN_GRACE 2 @0d15h", "EXPIRED 0 @10d0h"));
}

TEST(PlanPhases, AreActiveInTheSilentHoursOfAStore) {
  EXPECT_THAT(Said(Lengths(1, 0, 30), kFailed, kDay),
              ElementsAre("ACTIVE 2 @0d15h", "IN_GRACE 2 @1d15h",
                          "ON_HOLD 0 @2d0h", "EXPIRED 0 @31d0h"));
  EXPECT_THAT(Said(Lengths(1, 0, 30), kFailed + kDay, kDay).front(),
              "IN_GRACE 2 @1d15h");
  // Access that was lowered already is not given back.
  EXPECT_THAT(Said(Lengths(0, 2, 30), kFailed, 2 * kDay),
              ElementsAre("ACTIVE 2 @0d15h", "IN_GRACE 1 @1d0h",
                          "ON_HOLD 0 @3d0h", "EXPIRED 0 @31d0h"));
}

TEST(PlanPhases, TakeAFailureByAFastClockForOneOfNow) {
  EXPECT_THAT(
      Said(Lengths(3, 0, 30), kFailed - absl::Hours(2)),
      ElementsAre("IN_GRACE 2 @0d13h", "ON_HOLD 0 @4d0h", "EXPIRED 0 @31d0h"));
}

// ---- Of any plan there is ---------------------------------------------------

const PhaseSpan& At(const PlanPhases& phases, absl::Time time) {
  std::size_t at = 0;
  while (at + 1 < phases.count && phases.all[at + 1].begin <= time) ++at;
  return phases.all[at];
}

void ExpectLawful(const PlanPhases& phases, absl::Time now) {
  ASSERT_GT(phases.count, 0u);
  ASSERT_LE(phases.spans().front().begin, now);
  ASSERT_EQ(phases.spans().back().phase, Phase::kExpired);
  for (std::size_t i = 1; i < phases.count; ++i) {
    const PhaseSpan& before = phases.all[i - 1];
    const PhaseSpan& span = phases.all[i];
    ASSERT_LT(now, span.begin);
    ASSERT_LT(before.begin, span.begin);
    ASSERT_LE(before.phase, span.phase);
    ASSERT_GE(before.access, span.access);
    ASSERT_TRUE(before.phase < span.phase || before.access > span.access);
  }
}

Phase PhaseOn(const GracePlan& plan, int day) {
  if (day <= plan.full_days + plan.reduced_days) return Phase::kInGrace;
  return day <= plan.last_day ? Phase::kOnHold : Phase::kExpired;
}

// From the day after the past on, to a few days after the last one.
void ExpectThePlansAccess(const PlanPhases& phases, const GracePlan& plan,
                          int past_day, absl::Time now, absl::Time silent_end) {
  for (int day = past_day + 1; day <= kUnpaidDays + 3; ++day) {
    const Access access =
        day <= kUnpaidDays ? plan.actions[static_cast<std::size_t>(day)].access
                           : Access::kNone;
    for (const absl::Duration in : {0 * kTick, kDay / 2, kDay - kTick}) {
      const absl::Time time = kMidnight + day * kDay + in;
      if (time < now) continue;
      const PhaseSpan& span = At(phases, time);
      ASSERT_EQ(span.access, access) << "day " << day;
      ASSERT_EQ(span.phase, time < silent_end && access == Access::kFull
                                ? Phase::kActive
                                : PhaseOn(plan, day))
          << "day " << day;
    }
  }
}

TEST(PlanPhases, GiveOnEveryDayTheAccessOfThePlanWhateverItIs) {
  std::mt19937 random(20'260'701);
  GracePlanner planner;
  std::size_t most = 0;
  for (int round = 0; round < 1'000 * testing::Rounds(); ++round) {
    const HazardTable hazards = testing::RandomHazards(random);
    const GraceStakes stakes = testing::RandomStakes(random);
    const UnpaidPast past = testing::RandomPast(random);
    PlanLimits limits = testing::RandomLimits(
        random, past, static_cast<int>(random() % (kUnpaidDays + 1)));
    if (random() % 4 == 0) limits.hold_days = static_cast<int>(random() % 40);
    const PlanQuestion question{hazards, stakes, limits, past};
    const GracePlan plan =
        PlanByChance(planner, question, 0.5, random(), PlanDetail::kActions)
            .plan;
    const absl::Time failed =
        kMidnight + static_cast<int>(random() % 86'400) * absl::Seconds(1);
    const absl::Duration silent = static_cast<int>(random() % 3) * kDay / 2;
    const absl::Time now = std::max(
        failed, kMidnight + past.day * kDay +
                    static_cast<int>(random() % 172'800) * absl::Seconds(1));
    const PlanPhases phases = PhasesOf(plan, failed, silent, now);
    most = std::max(most, phases.count);
    ExpectLawful(phases, now);
    ExpectThePlansAccess(phases, plan, past.day, now, failed + silent);
    if (HasFatalFailure()) FAIL() << "round " << round;
  }
  EXPECT_EQ(most, PlanPhases::kSpansMax);
}

}  // namespace
}  // namespace tenuto
