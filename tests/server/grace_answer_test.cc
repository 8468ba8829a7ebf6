#include "server/grace_answer.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "model/grace/grace_values.h"
#include "tests/support/unpaid_tables.h"

namespace tenuto {
namespace {

class GraceAnswerTest : public ::testing::Test {
 protected:
  GraceAnswerTest() { open_.currency = "EUR"; }
  ChosenPlan Choose(double share, std::uint64_t number) {
    return PlanByChance(planner_, question_, share, number,
                        PlanDetail::kEverything);
  }
  v1::PlanGracePeriodResponse Reasons(const ChosenPlan& chosen) const {
    v1::PlanGracePeriodResponse response;
    FillReasons(
        chosen, question_, open_,
        BandOf(ShiftOdds(hazards_, 0.8, 1.25), ShiftOdds(hazards_, 1.25, 0.8),
               chosen.plan.actions, past_),
        response);
    return response;
  }

  const HazardTable hazards_ = testing::LifelikeHazards({});
  const GraceStakes stakes_ = *GraceValues::Embedded().StakesOf("EUR");
  OpenPayment open_;
  PlanLimits limits_;
  UnpaidPast past_;
  const PlanQuestion question_{hazards_, stakes_, limits_, past_};
  GracePlanner planner_;
};

TEST_F(GraceAnswerTest, TheEventSaysThePlanAndTheAnswerTheEvent) {
  past_.day = 2;
  past_.last_attempt_day = 1;
  past_.attempts = 2;
  const ChosenPlan chosen = Choose(0, 0);
  v1::GracePlanned planned;
  planned.set_plan_id("plan");
  planned.set_rules("rules");
  FillPlan(chosen, question_, planned);
  EXPECT_EQ(planned.elapsed_days(), 2);
  EXPECT_EQ(planned.full_days(), chosen.plan.full_days);
  EXPECT_EQ(planned.reduced_days(), chosen.plan.reduced_days);
  ASSERT_EQ(planned.attempt_days_size(),
            static_cast<int>(chosen.plan.attempt_days.count()));
  ASSERT_GT(planned.attempt_days_size(), 0);
  for (const std::int64_t day : planned.attempt_days()) {
    EXPECT_TRUE(chosen.plan.attempt_days[static_cast<std::size_t>(day)]);
    EXPECT_GT(day, 2);
  }
  EXPECT_EQ(planned.propensity(), 1);
  EXPECT_EQ(planned.propensity_billionths(), 1'000'000'000);
  EXPECT_EQ(planned.net_value_minor(), chosen.plan.worth.net_minor());
  EXPECT_EQ(planned.recovery_probability(), chosen.plan.worth.recovered);

  v1::PlanGracePeriodResponse response;
  FillAnswer(planned, response);
  EXPECT_EQ(response.plan_id(), "plan");
  EXPECT_EQ(response.rules_version(), "rules");
  EXPECT_EQ(response.full_days(), planned.full_days());
  EXPECT_EQ(response.elapsed_days(), 2);
  EXPECT_EQ(response.attempt_days_size(), planned.attempt_days_size());
  EXPECT_EQ(response.message_days_size(), planned.message_days_size());
  EXPECT_FALSE(response.has_lease_until());
  // Of somebody else's lease a caller hears nothing.
  planned.set_lease_until_epoch_s(1'700'000'000);
  FillAnswer(planned, response);
  EXPECT_FALSE(response.has_lease_until());
  planned.set_lease_id("lease");
  planned.set_lease_until_epoch_s(1'700'000'000);
  FillAnswer(planned, response);
  EXPECT_EQ(response.lease_id(), "lease");
  EXPECT_EQ(response.lease_until().seconds(), 1'700'000'000);
}

TEST_F(GraceAnswerTest, PropensitiesAreThoseThatAStateKeeps) {
  v1::GracePlanned planned;
  FillPlan(Choose(1, 12'345), question_, planned);
  EXPECT_TRUE(planned.randomised());
  EXPECT_NEAR(planned.propensity(), 1 / 61.0, 1e-9);
  EXPECT_EQ(planned.propensity(),
            static_cast<double>(planned.propensity_billionths()) / 1e9);
}

TEST_F(GraceAnswerTest, TellsEveryPhaseAndAccessByItsName) {
  const absl::Time begin = absl::FromUnixMicros(1'700'000'000'250'000);
  PlanPhases phases;
  const auto told = [&](SubscriptionPhase phase, Access access) {
    phases.all[0] = {phase, access, begin};
    phases.count = 1;
    v1::PlanGracePeriodResponse response;
    FillPhases(phases, response);
    return response.phases(0);
  };
  for (int k = 0; k < kSubscriptionPhases; ++k) {
    const auto phase = static_cast<SubscriptionPhase>(k);
    EXPECT_EQ(v1::SubscriptionPhase_Name(told(phase, Access::kNone).phase()),
              absl::StrCat("SUBSCRIPTION_PHASE_", std::string(NameOf(phase))));
  }
  EXPECT_EQ(v1::SubscriptionPhase_ARRAYSIZE, kSubscriptionPhases + 1);
  for (const auto& [access, name] :
       {std::pair(Access::kNone, v1::SUBSCRIPTION_ACCESS_NONE),
        std::pair(Access::kReduced, v1::SUBSCRIPTION_ACCESS_REDUCED),
        std::pair(Access::kFull, v1::SUBSCRIPTION_ACCESS_FULL)}) {
    const v1::SubscriptionSpan span = told(SubscriptionPhase::kInGrace, access);
    EXPECT_EQ(span.access(), name);
    EXPECT_EQ(span.begin_time().seconds(), 1'700'000'000);
    EXPECT_EQ(span.begin_time().nanos(), 250'000'000);
  }
}

TEST_F(GraceAnswerTest, TellsAttemptsAfterPaydaysOfThePayment) {
  limits_.attempt_days = DaySet(1ull << 7 | 1ull << 20);
  const auto tells = [&](absl::string_view what) {
    const v1::PlanGracePeriodResponse response = Reasons(Choose(0, 0));
    return std::any_of(
        response.reasons().begin(), response.reasons().end(),
        [&](const auto& reason) { return absl::StrContains(reason, what); });
  };
  EXPECT_TRUE(tells("Tries again on days 7 and 20"));
  EXPECT_FALSE(tells("payday"));
  open_.payment.failed = absl::FromUnixSeconds(1'717'581'600);  // 2024-06-05.
  open_.payment.payday = UsualPayday::Monthly(25);
  EXPECT_TRUE(tells("; on or soon after a usual payday: 20."));
}

TEST_F(GraceAnswerTest, TellsCurveAlternativesLimitsAndReasons) {
  limits_.attempts_max = 1;
  limits_.messages_max = 0;
  limits_.messages_permitted = false;
  const ChosenPlan chosen = Choose(0, 0);
  const v1::PlanGracePeriodResponse response = Reasons(chosen);
  ASSERT_EQ(response.curve_size(), 60);
  const v1::RecoveredByDay& last = response.curve(59);
  EXPECT_EQ(last.day(), 60);
  EXPECT_NEAR(last.probability(), chosen.plan.worth.recovered, 1e-12);
  EXPECT_NEAR(last.cancelled(), chosen.plan.worth.cancelled, 1e-12);
  EXPECT_LT(last.by_attempt(), last.probability());
  EXPECT_LT(last.low(), last.probability());
  EXPECT_GT(last.high(), last.probability());
  ASSERT_EQ(response.alternatives_size(),
            static_cast<int>(chosen.plan.lengths().size()));
  bool has_chosen = false;
  for (const v1::LengthWorth& length : response.alternatives()) {
    EXPECT_LE(length.net_value_minor(),
              response.net_value_minor() + chosen.plan.worth.net_minor() + 0.1);
    has_chosen = has_chosen || length.full_days() == chosen.plan.full_days;
  }
  EXPECT_TRUE(has_chosen);
  std::string rules;
  for (const v1::BindingLimit& limit : response.binding()) {
    EXPECT_GT(limit.gain_minor(), 0);
    rules += limit.rule() + " ";
  }
  EXPECT_NE(rules.find("attempts_max"), std::string::npos) << rules;
  EXPECT_NE(rules.find("messages_not_permitted"), std::string::npos) << rules;
  EXPECT_GE(response.reasons_size(), 4);
}

}  // namespace
}  // namespace tenuto
