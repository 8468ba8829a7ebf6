#include "model/grace/worth_table.h"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/unpaid_questions.h"
#include "tests/support/unpaid_tables.h"

namespace tenuto {
namespace {

using ::tenuto::testing::LifelikeHazards;
using ::tenuto::testing::RandomHazards;
using ::tenuto::testing::RandomLimits;
using ::tenuto::testing::RandomPast;
using ::tenuto::testing::RandomStakes;
using ::tenuto::testing::SomeStakes;

constexpr int kSeed = 20261122;

double ValueOf(const PlanQuestion& question, const DayActions& actions) {
  return WorthOf(question.stakes, actions,
                 Follow(question.hazards, actions, question.past),
                 question.past, question.limits.last_day)
      .net_minor();
}

// Every plan there is, one after the other: the reference.
class EveryPlan {
 public:
  explicit EveryPlan(const PlanQuestion& question) : question_(question) {
    for (DayAction& action : actions_) action.access = Access::kNone;
    best = actions_;
  }

  void Try() {
    TryFrom(question_.past.day + 1, question_.past.access, 0, 0,
            question_.past.last_message_day);
  }

  double best_value = -1e300;
  DayActions best;
  std::array<double, kUnpaidDays + 1> best_of_length;
  int plans = 0;

 private:
  bool MayLeaveFull(int day) const {
    const PlanLimits& limits = question_.limits;
    return limits.full_lengths[static_cast<std::size_t>(day - 1)] ||
           day > limits.full_days_max();
  }

  void TryFrom(int day, Access access, int attempts, int messages,
               int last_message) {
    const PlanLimits& limits = question_.limits;
    const auto at = static_cast<std::size_t>(day);
    if (day > limits.last_day) return Weigh();
    for (int a = 0; a <= static_cast<int>(access); ++a) {
      const auto kept = static_cast<Access>(a);
      if (kept == Access::kReduced && !limits.reduced_allowed) continue;
      if (kept == Access::kFull && day > limits.full_days_max()) continue;
      if (access == Access::kFull && kept != access && !MayLeaveFull(day)) {
        continue;
      }
      for (const bool tries : {false, true}) {
        if (tries &&
            (!limits.attempt_days[at] || attempts == limits.attempts_max)) {
          continue;
        }
        for (const bool says : {false, true}) {
          if (says &&
              (!limits.message_days[at] || messages == limits.messages_max ||
               day - last_message < kMessageDays)) {
            continue;
          }
          actions_[at] = {kept, tries, says};
          TryFrom(day + 1, kept, attempts + tries, messages + says,
                  says ? day : last_message);
        }
      }
    }
    actions_[at] = {Access::kNone, false, false};
  }

  void Weigh() {
    ++plans;
    const double value = ValueOf(question_, actions_);
    int length = question_.past.day;
    while (length < question_.limits.last_day &&
           actions_[static_cast<std::size_t>(length + 1)].access ==
               Access::kFull) {
      ++length;
    }
    double& of_length = best_of_length[static_cast<std::size_t>(length)];
    of_length = seen_[static_cast<std::size_t>(length)]
                    ? std::max(of_length, value)
                    : value;
    seen_.set(static_cast<std::size_t>(length));
    if (value <= best_value) return;
    best_value = value;
    best = actions_;
  }

  const PlanQuestion& question_;
  DayActions actions_;
  DaySet seen_;
};

void CompareWithEveryPlan(std::mt19937& random, int days, WorthTable& table) {
  const HazardTable hazards = RandomHazards(random);
  const UnpaidPast past = RandomPast(random);
  const PlanLimits limits = RandomLimits(random, past, days);
  GraceStakes stakes = RandomStakes(random);
  stakes.least_gain_minor = 0;
  const PlanQuestion question{hazards, stakes, limits, past};
  EveryPlan every(question);
  every.Try();
  std::vector<int> lengths;
  if (past.access == Access::kFull) {
    for (int n = past.day; n <= limits.full_days_max(); ++n) {
      if (limits.full_lengths[static_cast<std::size_t>(n)]) {
        lengths.push_back(n);
      }
    }
  }
  table.Fill(question, {true, true});
  ASSERT_NEAR(table.value(), every.best_value, 0.01) << every.plans << " plans";
  const DayActions actions = table.BestActions();
  ASSERT_NEAR(ValueOf(question, actions), every.best_value, 0.01);
  for (const int length : lengths) {
    PlanLimits only = limits;
    only.full_lengths = DaySet().set(static_cast<std::size_t>(length));
    const PlanQuestion of_length{hazards, stakes, only, past};
    table.FillLengths(of_length);
    ASSERT_NEAR(table.value(),
                every.best_of_length[static_cast<std::size_t>(length)], 0.01)
        << length;
  }
}

TEST(WorthTable, FindsTheBestOfAllPlansOfFourDays) {
  std::printf("seed %d\n", kSeed);
  std::mt19937 random(kSeed);
  WorthTable table;
  for (int round = 0; round < 1500; ++round) {
    CompareWithEveryPlan(random, 4, table);
    if (HasFatalFailure()) FAIL() << "round " << round;
  }
}

TEST(WorthTable, FindsTheBestOfAllPlansOfSixDays) {
  std::mt19937 random(kSeed + 1);
  WorthTable table;
  for (int round = 0; round < 60; ++round) {
    CompareWithEveryPlan(random, 6, table);
    if (HasFatalFailure()) FAIL() << "round " << round;
  }
}

TEST(WorthTable, ToldAValueThatItsPlanHasOverSixtyDays) {
  std::mt19937 random(kSeed + 2);
  WorthTable table;
  for (int round = 0; round < 100; ++round) {
    const HazardTable hazards = RandomHazards(random, 0.05);
    GraceStakes stakes = SomeStakes();
    stakes.least_gain_minor = 0;
    UnpaidPast past;
    PlanLimits limits = RandomLimits(random, past, kUnpaidDays);
    const PlanQuestion question{hazards, stakes, limits, past};
    for (const bool counted : {false, true}) {
      table.Fill(question, {counted, counted});
      EXPECT_NEAR(ValueOf(question, table.BestActions()), table.value(), 0.05);
    }
  }
}

TEST(WorthTable, LeavesNothingThatOneChangeWouldBetter) {
  std::mt19937 random(kSeed + 3);
  WorthTable table;
  for (int round = 0; round < 30; ++round) {
    const HazardTable hazards = RandomHazards(random, 0.05);
    GraceStakes stakes = SomeStakes();
    stakes.least_gain_minor = 0;
    const UnpaidPast past;
    PlanLimits limits;
    limits.attempts_max = kUnpaidDays;
    limits.messages_max = kUnpaidDays;
    const PlanQuestion question{hazards, stakes, limits, past};
    table.Fill(question, {});
    const DayActions best = table.BestActions();
    const double value = ValueOf(question, best);
    for (int day = 1; day <= kUnpaidDays; ++day) {
      DayActions other = best;
      DayAction& action = other[static_cast<std::size_t>(day)];
      action.attempts = !action.attempts;
      EXPECT_LE(ValueOf(question, other), value + 0.05);
      // Access ends on another day.
      other = best;
      for (int later = 1; later <= kUnpaidDays; ++later) {
        other[static_cast<std::size_t>(later)].access =
            later <= day ? Access::kFull : Access::kNone;
      }
      EXPECT_LE(ValueOf(question, other), value + 0.05);
    }
  }
}

TEST(WorthTable, PlansNothingThatGainsNothing) {
  // No attempt collects, nobody reacts to anything.
  HazardTable hazards;
  for (int day = 1; day <= kUnpaidDays; ++day) {
    for (int a = 0; a < 3; ++a) {
      for (const bool messaged : {false, true}) {
        hazards.by_user(day, static_cast<Access>(a), messaged) = 0.03f;
        hazards.cancels(day, static_cast<Access>(a), messaged) = 0.01f;
      }
    }
  }
  GraceStakes stakes;  // Not even a cost.
  stakes.recovery_minor.fill(2300);
  const PlanLimits limits;
  const UnpaidPast past;
  const PlanQuestion question{hazards, stakes, limits, past};
  WorthTable table;
  table.Fill(question, {true, true});
  const DayActions actions = table.BestActions();
  for (int day = 1; day <= kUnpaidDays; ++day) {
    EXPECT_EQ(actions[static_cast<std::size_t>(day)],
              (DayAction{Access::kNone, false, false}))
        << "day " << day;
  }
}

}  // namespace
}  // namespace tenuto
