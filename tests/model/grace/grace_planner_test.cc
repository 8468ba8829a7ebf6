#include "model/grace/grace_planner.h"

#include <algorithm>
#include <cstdio>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/unpaid_questions.h"
#include "tests/support/unpaid_tables.h"

namespace tenuto {
namespace {

using ::tenuto::testing::Lifelike;
using ::tenuto::testing::LifelikeHazards;
using ::tenuto::testing::RandomHazards;
using ::tenuto::testing::SomeStakes;
using ::tenuto::testing::Uniform;

constexpr int kSeed = 20261125;

PlanLimits Ceilings() {
  PlanLimits limits;
  limits.attempts_max = 12;
  limits.messages_max = 3;
  limits.full_lengths = DaySet((1ull << 31) - 1);
  return limits;
}

Lifelike RandomLife(std::mt19937& random) {
  Lifelike life;
  life.mends = Uniform(random, 0, 0.08);
  life.nudge = Uniform(random, 1, 3);
  life.annoys = Uniform(random, 1, 3);
  life.loss = Uniform(random, 0.5, 3);
  life.leaves = Uniform(random, 0, 0.03);
  life.retry = Uniform(random, 0, 0.15);
  life.payday = Uniform(random, 0, 0.5);
  life.payday_day = static_cast<int>(random() % 30);
  return life;
}

void ExpectLawful(const GracePlan& plan, const PlanLimits& limits,
                  const UnpaidPast& past) {
  int attempts = 0, messages = 0, last_message = past.last_message_day;
  Access access = past.access;
  for (int day = past.day + 1; day <= kUnpaidDays; ++day) {
    const auto at = static_cast<std::size_t>(day);
    const DayAction& action = plan.actions[at];
    ASSERT_LE(action.access, access) << day;
    access = action.access;
    if (day > limits.last_day) {
      ASSERT_EQ(action, (DayAction{Access::kNone, false, false}));
    }
    if (action.attempts) {
      ++attempts;
      ASSERT_TRUE(limits.attempt_days[at]);
    }
    if (!action.messages) continue;
    ++messages;
    ASSERT_GE(day - last_message, kMessageDays);
    last_message = day;
  }
  ASSERT_LE(attempts, limits.attempts_max);
  ASSERT_LE(messages, limits.messages_max);
  if (past.access == Access::kFull) {
    ASSERT_TRUE(limits.full_lengths[static_cast<std::size_t>(plan.full_days)]);
  }
}

TEST(GracePlanner, KeepsEveryLimitOfLifelikeTables) {
  std::printf("seed %d\n", kSeed);
  std::mt19937 random(kSeed);
  GracePlanner planner;
  for (int round = 0; round < 300; ++round) {
    const HazardTable hazards = LifelikeHazards(RandomLife(random));
    const PlanLimits limits = Ceilings();
    const GracePlan plan = planner.Plan(hazards, SomeStakes(), limits, {},
                                        PlanDetail::kEverything);
    ExpectLawful(plan, limits, {});
    if (HasFatalFailure()) FAIL() << "round " << round;
    ASSERT_EQ(plan.lengths().front().full_days, 0);
    ASSERT_GE(plan.lengths().size(), 7u);
    for (const LengthValue& other : plan.lengths()) {
      ASSERT_LE(other.net_value_minor, plan.worth.net_minor() + 1)
          << other.full_days;
    }
  }
}

TEST(GracePlanner, BeatsEveryFixedScheduleOfTheMarket) {
  std::mt19937 random(kSeed + 1);
  GracePlanner planner;
  for (int round = 0; round < 100; ++round) {
    const HazardTable hazards = LifelikeHazards(RandomLife(random));
    const GraceStakes stakes = SomeStakes();
    const PlanLimits limits = Ceilings();
    const double best =
        planner.Plan(hazards, stakes, limits, {}).worth.net_minor();
    for (const int full_days : {0, 3, 7, 14, 16, 28, 30}) {
      for (const int every : {2, 4, 5, 8}) {
        DayActions fixed;
        int attempts = 0;
        for (int day = 1; day <= kUnpaidDays; ++day) {
          DayAction& action = fixed[static_cast<std::size_t>(day)];
          action.access = day <= full_days ? Access::kFull : Access::kNone;
          action.attempts = day % every == 0 && attempts++ < 8;
        }
        EXPECT_LE(PlanOf(fixed, hazards, stakes, limits, {}).worth.net_minor(),
                  best + 0.7);
      }
    }
  }
}

// A store that holds a payment for so many days after grace and no longer: the
// last day follows from the length.
TEST(GracePlanner, EndsWithTheHoldThatFollowsTheChosenLength) {
  constexpr int kHold = 20;
  std::mt19937 random(kSeed + 7);
  GracePlanner planner;
  int lengths = 0;
  for (int round = 0; round < 40; ++round) {
    const HazardTable hazards = LifelikeHazards(RandomLife(random));
    const GraceStakes stakes = SomeStakes();
    PlanLimits limits = Ceilings();
    limits.attempt_days.reset();
    limits.hold_days = kHold;
    const GracePlan plan =
        planner.Plan(hazards, stakes, limits, {}, PlanDetail::kEverything);
    ASSERT_EQ(plan.last_day, plan.full_days + kHold);
    PlanLimits ended = limits;
    ended.last_day = plan.last_day;
    ExpectLawful(plan, ended, {});
    for (const LengthValue& other : plan.lengths()) {
      ASSERT_LE(other.net_value_minor, plan.worth.net_minor() + 1);
    }
    for (int full_days = 0; full_days <= 30; ++full_days) {
      DayActions fixed;
      for (int day = 1; day <= kUnpaidDays; ++day) {
        fixed[static_cast<std::size_t>(day)].access =
            day <= full_days ? Access::kFull : Access::kNone;
      }
      PlanLimits of_length = limits;
      of_length.last_day = limits.LastDayOf(full_days);
      ASSERT_LE(PlanOf(fixed, hazards, stakes, of_length, {}).worth.net_minor(),
                plan.worth.net_minor() + 0.7);
    }
    lengths += plan.full_days;
    // Nothing was learned on the first days but that it is still open.
    UnpaidPast past;
    past.day = std::min(3, plan.full_days);
    for (int day = 1; day <= past.day; ++day) {
      if (plan.message_days[static_cast<std::size_t>(day)]) {
        past.last_message_day = day;
        --limits.messages_max;
      }
    }
    const GracePlan later = planner.Plan(hazards, stakes, limits, past);
    ASSERT_EQ(later.full_days, plan.full_days);
    ASSERT_EQ(later.last_day, plan.last_day);
    // What is over is over: the hold goes on from where access ended.
    past.day = plan.full_days + 1;
    past.access = Access::kNone;
    past.full_days = plan.full_days;
    ASSERT_EQ(planner.Plan(hazards, stakes, limits, past).last_day,
              plan.last_day);
  }
  EXPECT_GT(lengths, 40);
}

TEST(GracePlanner, GivesTheSamePlanForADayLater) {
  // Nothing was learned but that it is still open, so nothing changes.
  std::mt19937 random(kSeed + 2);
  GracePlanner planner;
  for (int round = 0; round < 20; ++round) {
    const HazardTable hazards = LifelikeHazards(RandomLife(random));
    PlanLimits limits = Ceilings();
    const GracePlan whole = planner.Plan(hazards, SomeStakes(), limits, {});
    UnpaidPast past;
    for (int day = 1; day < kUnpaidDays; ++day) {
      const DayAction& action = whole.actions[static_cast<std::size_t>(day)];
      past.day = day;
      if (action.attempts) {
        ++past.attempts;
        past.last_attempt_day = day;
        --limits.attempts_max;
      }
      if (action.messages) {
        past.last_message_day = day;
        --limits.messages_max;
      }
      past.access = action.access;
      past.full_days = std::min(day, whole.full_days);
      past.reduced_days =
          std::clamp(day - whole.full_days, 0, whole.reduced_days);
      const GracePlan rest = planner.Plan(hazards, SomeStakes(), limits, past);
      // Equal values may tie; what they are worth may not differ.
      const GracePlan kept =
          PlanOf(whole.actions, hazards, SomeStakes(), limits, past);
      ASSERT_NEAR(rest.worth.net_minor(), kept.worth.net_minor(), 0.7)
          << "round " << round << " day " << day;
      ASSERT_EQ(kept.full_days, whole.full_days);
      ASSERT_EQ(kept.reduced_days, whole.reduced_days);
    }
  }
}

TEST(GracePlanner, SpendsNothingOnAnEffectThatDoesNotExist) {
  Lifelike life;
  GracePlanner planner;
  const auto plan = [&](const Lifelike& lived) {
    return planner.Plan(LifelikeHazards(lived), SomeStakes(), Ceilings(), {});
  };
  life.nudge = 4;
  life.annoys = 1;
  EXPECT_TRUE(plan(life).message_days.any());
  life.nudge = 1;
  EXPECT_TRUE(plan(life).message_days.none());
  life.loss = 1;
  EXPECT_EQ(plan(life).full_days, 0);
  EXPECT_EQ(plan(life).reduced_days, 0);
  EXPECT_TRUE(plan(life).attempt_days.any());
  life.retry = 0;
  life.payday = 0;
  EXPECT_TRUE(plan(life).attempt_days.none());
}

TEST(GracePlanner, KeepsAccessForWhomLosingItDrivesAway) {
  Lifelike life;
  life.leaves = 0.02;
  life.loss = 4;
  life.mends = 0;
  GracePlanner planner;
  const GracePlan plan = planner.Plan(LifelikeHazards(life), SomeStakes(),
                                      Ceilings(), {}, PlanDetail::kEverything);
  EXPECT_GT(plan.full_days, 5);
  const LengthValue& none = plan.lengths().front();
  EXPECT_EQ(none.full_days, 0);
  EXPECT_LT(none.net_value_minor, plan.worth.net_minor() - 10);
}

TEST(GracePlanner, TriesAfterThePayday) {
  Lifelike life;
  life.retry = 0.001;
  life.payday_day = 17;
  GracePlanner planner;
  PlanLimits limits = Ceilings();
  limits.attempts_max = 1;
  const GracePlan plan =
      planner.Plan(LifelikeHazards(life), SomeStakes(), limits, {});
  EXPECT_EQ(plan.attempt_days.count(), 1u);
  EXPECT_TRUE(plan.attempt_days[17]);
}

TEST(GracePlanner, TellsWhatALimitCosts) {
  Lifelike life;
  life.nudge = 4;
  GracePlanner planner;
  PlanLimits limits = Ceilings();
  const auto gains = [&] {
    return planner
        .Plan(LifelikeHazards(life), SomeStakes(), limits, {},
              PlanDetail::kEverything)
        .gains;
  };
  limits.attempts_max = 1;
  EXPECT_GT(gains().attempts_max, 10);
  EXPECT_EQ(gains().attempt_days, 0);
  limits = Ceilings();
  limits.messages_max = 0;
  EXPECT_GT(gains().messages, 1);
  limits.attempt_days.reset();
  limits.attempt_rule = "some_rule";
  EXPECT_GT(gains().attempt_days, 10);
}

TEST(GracePlanner, PlansNothingWhereTheTimeIsOver) {
  GracePlanner planner;
  UnpaidPast past;
  past.day = 60;
  const GracePlan plan =
      planner.Plan(LifelikeHazards({}), SomeStakes(), Ceilings(), past,
                   PlanDetail::kEverything);
  EXPECT_EQ(plan.worth.net_minor(), 0);
  EXPECT_TRUE(plan.attempt_days.none());
}

TEST(GracePlanner, GivesTheSameBytesEachTime) {
  GracePlanner one, other;
  std::mt19937 random(kSeed + 3);
  for (int round = 0; round < 20; ++round) {
    const HazardTable hazards = RandomHazards(random);
    const GracePlan a = one.Plan(hazards, SomeStakes(), Ceilings(), {});
    other.Plan(RandomHazards(random), SomeStakes(), Ceilings(), {});
    const GracePlan b = other.Plan(hazards, SomeStakes(), Ceilings(), {});
    ASSERT_EQ(a.actions, b.actions);
    ASSERT_EQ(a.worth.net_minor(), b.worth.net_minor());
  }
}

// ---- The rules of card networks -------------------------------------------

struct Failure {
  CardHistory history;
  PlanSituation situation;
};

Failure RandomFailure(std::mt19937& random) {
  static constexpr const char* kCodes[] = {"51", "05", "91", "54", "43",
                                           "14", "65", "",   "zz"};
  static constexpr const char* kAdvice[] = {"", "", "", "02", "24", "03", "30"};
  const PaymentRules& rules = PaymentRules::Embedded();
  Failure failure{CardHistory(static_cast<v1::CardNetwork>(random() % 5)), {}};
  PlanSituation& situation = failure.situation;
  // Around 2025-05-19, when Visa's rule changed, and 2025-12-01, Google's.
  situation.failed_time =
      absl::FromUnixSeconds(1'745'000'000 + random() % (300 * 86'400));
  const int count = static_cast<int>(random() % (random() % 3 == 0 ? 40 : 6));
  for (int i = 0; i < count; ++i) {
    PastAttempt attempt;
    attempt.time = situation.failed_time - absl::Minutes(random() % 50'000);
    attempt.initiator = static_cast<v1::PaymentInitiator>(random() % 3);
    attempt.outcome = static_cast<v1::PaymentOutcome>(random() % 4);
    attempt.code = rules.CodeOf(kCodes[random() % (random() % 8 == 0 ? 9 : 3)]);
    attempt.amount_minor = 1099;
    failure.history.Add(attempt);
  }
  const CodeNumber code = rules.CodeOf(kCodes[random() % 3]);
  const CodeNumber advice = rules.CodeOf(kAdvice[random() % 7]);
  failure.history.Add({situation.failed_time, v1::PAYMENT_INITIATOR_MERCHANT,
                       v1::PAYMENT_OUTCOME_DECLINED, code, advice, 1099});
  const Decline decline =
      rules.At(situation.failed_time)
          .Classify(failure.history.network(), v1::PAYMENT_OUTCOME_DECLINED,
                    code, advice);
  situation.decline_class = decline.decline_class;
  situation.advised_wait = decline.advised_wait;
  situation.store =
      static_cast<v1::Store>(random() % 8 == 0 ? 1 + random() % 2 : 0);
  situation.rules = &rules;
  situation.amount_minor = 1099;
  return failure;
}

TEST(GracePlanner, NeverPlansWhatANetworkRefuses) {
  constexpr int kFailures = 100'000;
  std::printf("seed %d\n", kSeed + 4);
  std::mt19937 random(kSeed + 4);
  // Few tables, and such that as much as possible is tried.
  std::vector<HazardTable> tables;
  for (int i = 0; i < 8; ++i) {
    Lifelike life = RandomLife(random);
    life.nudge = life.annoys = 1;
    life.retry = 0.02 + 0.02 * i;
    tables.push_back(LifelikeHazards(life));
  }
  const GraceStakes stakes = SomeStakes();
  GracePlanner planner;
  int refused = 0, replanned = 0, attempts = 0;
  for (int i = 0; i < kFailures; ++i) {
    Failure failure = RandomFailure(random);
    failure.situation.history = &failure.history;
    auto limits = LimitsFor(failure.situation, {60, 0, 0, 60});
    ASSERT_TRUE(limits.ok()) << limits.status();
    // Most failures relaxed, some counted, which takes longer.
    limits->attempts_max = i % 64 == 0 ? 12 : PlanLimits::kAttemptsMax;
    if (i % 64 != 0) {
      // Every third day at most, so that the ceiling seldom binds.
      for (std::size_t day = 0; day <= kUnpaidDays; ++day) {
        if ((day + static_cast<std::size_t>(i)) % 4 != 0) {
          limits->attempt_days.reset(day);
        }
      }
    }
    const GracePlan plan =
        planner.Plan(tables[random() % tables.size()], stakes, *limits, {});
    std::vector<ProposedAttempt> schedule;
    for (int day = 1; day <= kUnpaidDays; ++day) {
      if (!plan.actions[static_cast<std::size_t>(day)].attempts) continue;
      schedule.push_back({failure.situation.failed_time + absl::Hours(24 * day),
                          v1::PAYMENT_INITIATOR_MERCHANT, 1099});
    }
    attempts += static_cast<int>(schedule.size());
    replanned += plan.days_refused > 0 ? 1 : 0;
    refused +=
        PaymentRules::Embedded().CheckSchedule(failure.history, schedule).ok()
            ? 0
            : 1;
  }
  std::printf("%d attempts, %d failures planned again\n", attempts, replanned);
  EXPECT_EQ(refused, 0);
  EXPECT_GT(replanned, 100);
  EXPECT_GT(attempts, kFailures);
}

}  // namespace
}  // namespace tenuto
