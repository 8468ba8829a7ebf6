#include "model/grace/plan_reasons.h"

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/unpaid_questions.h"
#include "tests/support/unpaid_tables.h"

namespace tenuto {
namespace {

using ::tenuto::testing::Lifelike;
using ::tenuto::testing::LifelikeHazards;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

class PlanReasonsTest : public ::testing::Test {
 protected:
  PlanReasonsTest() {
    limits_.attempts_max = 4;
    limits_.messages_max = 3;
    limits_.full_lengths = DaySet((1ull << 31) - 1);
  }
  std::string Text(const RecoveryBand* band = nullptr, bool randomised = false,
                   const char* currency = "EUR") {
    const HazardTable hazards = LifelikeHazards(life_);
    const PlanQuestion question{hazards, stakes_, limits_, past_};
    GracePlanner planner;
    plan_ =
        planner.Plan(hazards, stakes_, limits_, past_, PlanDetail::kEverything);
    return absl::StrJoin(
        ReasonsOf(plan_, {question, payment_, currency, band, randomised}),
        "\n");
  }

  Lifelike life_;
  GraceStakes stakes_ = testing::SomeStakes();
  PlanLimits limits_;
  UnpaidPast past_;
  FailedPayment payment_;
  GracePlan plan_;
};

TEST_F(PlanReasonsTest, TellOutlookLengthAttemptsAndMessages) {
  life_.nudge = 4;
  life_.leaves = 0.02;
  life_.loss = 6;
  life_.mends = 0.005;
  const std::string text = Text();
  EXPECT_THAT(text, HasSubstr("Expected to be paid by day 60: "));
  EXPECT_THAT(text, HasSubstr("Full access through day "));
  EXPECT_THAT(text,
              ContainsRegex("days would bring [0-9]+\\.[0-9]{2} EUR less"));
  EXPECT_THAT(text, ContainsRegex("net of all costs [0-9]+\\.[0-9]{2} EUR\\."));
  EXPECT_THAT(text, HasSubstr("Tries again on days "));
  EXPECT_THAT(text, Not(HasSubstr("payday"))) << "nobody knows one";
  EXPECT_THAT(text, HasSubstr("chance to pay on day "));
  EXPECT_THAT(text, HasSubstr("No more than 4 attempts; more would be worth "));
  EXPECT_EQ(text, Text());
}

TEST_F(PlanReasonsTest, TellWhichAttemptsFollowAPayday) {
  // 2024-06-14; paydays are the 13th, the day before, and day 29.
  payment_.failed = absl::FromUnixSeconds(1'718'323'200);
  payment_.payday = UsualPayday::Monthly(13);
  limits_.attempt_days = DaySet(1ull << 1 | 1ull << 2 | 1ull << 28);
  EXPECT_THAT(Text(), HasSubstr("; on or soon after a usual payday: 1."));
  limits_.attempt_days = DaySet(1ull << 28 | 1ull << 29 | 1ull << 31);
  EXPECT_THAT(Text(), HasSubstr(" payday: 29 and 31."));
}

// Not of those that are still open on that day.
TEST_F(PlanReasonsTest, TellWhatTheBestAttemptCollectsOfAllPayments) {
  const std::string text = Text();
  double most = 0;
  int best = 0;
  for (int day = 1; day <= kUnpaidDays; ++day) {
    const double collected =
        plan_.curve[static_cast<std::size_t>(day)].by_retry;
    if (collected <= most) continue;
    most = collected;
    best = day;
  }
  EXPECT_THAT(text, HasSubstr(absl::StrFormat(
                        "; the one of day %d is expected to collect most, "
                        "%.1f %% of such payments",
                        best, 100 * most)));
}

TEST_F(PlanReasonsTest, TellMoneyInTheUnitsOfItsCurrency) {
  EXPECT_THAT(Text(nullptr, false, "JPY"),
              ContainsRegex("; worth [0-9]+ JPY, net of all costs [0-9]+ JPY"));
}

TEST_F(PlanReasonsTest, TellTheInterval) {
  RecoveryBand band;
  band.low.fill(0.25);
  band.high.fill(0.5);
  EXPECT_THAT(Text(&band), HasSubstr(" % (25.0 % to 50.0 %), of which "));
}

TEST_F(PlanReasonsTest, TellWhyThereIsNoAttempt) {
  limits_.attempt_days.reset();
  limits_.attempt_rule = kSubscriberMustAct;
  EXPECT_THAT(Text(), HasSubstr("No attempt: this card cannot pay before"));
  limits_.attempt_rule = kStoreCollects;
  EXPECT_THAT(Text(), HasSubstr("the store collects"));
  limits_.attempt_rule = "some_rule";
  EXPECT_THAT(Text(), AllOf(HasSubstr("No attempt: rule some_rule forbids it."),
                            HasSubstr("forbids attempts that would be worth")));
  limits_ = PlanLimits();
  limits_.attempts_max = 0;
  EXPECT_THAT(Text(), HasSubstr("as many as we allow ourselves were made"));
  limits_ = PlanLimits();
  life_.retry = life_.payday = 0;
  EXPECT_THAT(Text(), HasSubstr("none would bring as much as it costs"));
}

TEST_F(PlanReasonsTest, TellWhyThereIsNoMessage) {
  life_.nudge = 1;
  EXPECT_THAT(Text(), HasSubstr("No message: none would change as much"));
  limits_.messages_max = 0;
  EXPECT_THAT(Text(), HasSubstr("were sent."));
  limits_.messages_permitted = false;
  EXPECT_THAT(Text(), HasSubstr("has not permitted any"));
}

TEST_F(PlanReasonsTest, TellThatChanceChoseTheLength) {
  EXPECT_THAT(Text(nullptr, true), HasSubstr("drawn by chance"));
  limits_.full_lengths = DaySet(1);
  EXPECT_THAT(Text(), HasSubstr("the only length that is allowed"));
}

TEST_F(PlanReasonsTest, TellThatAccessDoesNotComeBack) {
  past_.day = 10;
  past_.access = Access::kNone;
  past_.full_days = 7;
  EXPECT_THAT(Text(), HasSubstr("Full access ended after day 7 and does not"));
}

}  // namespace
}  // namespace tenuto
