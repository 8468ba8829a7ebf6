#include "training/grace/grace_evaluation.h"

#include <cmath>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/constant_recovery.h"
#include "training/split_mix.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;

// Payments that live by these chances, with an attempt on days 2 and 5 and
// nothing known after day 12.
std::vector<GraceFailure> Live(double by_user, double by_retry, double cancels,
                               int count, std::uint64_t seed) {
  SplitMix64 random(seed);
  const auto chance = [&random](double p) {
    return static_cast<double>(random.Next() >> 11) * 0x1.0p-53 < p;
  };
  std::vector<GraceFailure> failures;
  for (int k = 0; k < count; ++k) {
    GraceFailure& failure = failures.emplace_back();
    failure.spell.failed = absl::FromUnixSeconds(1'700'000'000);
    failure.decisions.push_back({{}, {0}});
    failure.decisions[0].payment.failed = failure.spell.failed;
    failure.decisions[0].payment.decline_class =
        k % 2 == 0 ? v1::DECLINE_CLASS_SOFT : v1::DECLINE_CLASS_HARD;
    RecoveryEnd end = RecoveryEnd::kOpen;
    for (int day = 1; day <= 12 && end == RecoveryEnd::kOpen; ++day) {
      UnpaidDay& unpaid = failure.spell.days.emplace_back();
      unpaid.attempts_before = static_cast<std::int8_t>(1 + (day > 2));
      unpaid.days_since_attempt =
          static_cast<std::int8_t>(day > 2 ? day - 2 : day);
      if (chance(by_user)) {
        end = RecoveryEnd::kByUser;
      } else {
        unpaid.attempted = day == 2 || day == 5;
        if (unpaid.attempted && chance(by_retry)) {
          end = RecoveryEnd::kByRetry;
        } else if (chance(cancels)) {
          end = RecoveryEnd::kCancelled;
        }
      }
      unpaid.end = end;
    }
    failure.spell.end = end;
  }
  return failures;
}

TEST(GraceEvaluation, FindsTrueChancesCalibratedAndFalseOnesNot) {
  const auto learned = Live(0.05, 0.4, 0.02, 1000, 1);
  const auto test = Live(0.05, 0.4, 0.02, 3000, 2);
  const auto truth =
      EvaluateGrace(*ConstantRecovery(0.05, 0.4, 0.02), learned, test);
  ASSERT_TRUE(truth.ok()) << truth.status();
  EXPECT_EQ(truth->failures, 3000);
  EXPECT_EQ(truth->ibs_days, 12);
  EXPECT_GT(truth->d_calibration.published.p, 0.05);
  EXPECT_GT(truth->d_calibration.strict.p, 0.05);
  EXPECT_NEAR(truth->ibs, truth->ibs_kaplan_meier, 0.002)
      << "there is one curve for all, and both know it";
  ASSERT_EQ(truth->days.size(), kCalibrationDays.size());
  for (const GraceEvaluation::Day& day : truth->days) {
    EXPECT_NEAR(day.expected, day.came, 0.03) << day.day;
    EXPECT_LT(day.groups.error, 2 * day.groups.by_chance) << day.day;
  }
  ASSERT_EQ(truth->segments.size(), 2u);
  for (const GraceEvaluation::Segment& segment : truth->segments) {
    EXPECT_EQ(segment.failures, 1500);
    EXPECT_NEAR(segment.expected, segment.came, 4 * segment.deviation);
  }
  const auto wrong =
      EvaluateGrace(*ConstantRecovery(0.02, 0.6, 0.02), learned, test);
  ASSERT_TRUE(wrong.ok());
  EXPECT_LT(wrong->d_calibration.published.p, 0.001);
  EXPECT_LT(wrong->d_calibration.strict.p, 0.001);
  EXPECT_GT(wrong->ibs, truth->ibs);
  // One curve for all is as right as it was, whatever the model says.
  EXPECT_EQ(wrong->d_calibration_kaplan_meier.strict.p,
            truth->d_calibration_kaplan_meier.strict.p);
  EXPECT_GT(truth->d_calibration_kaplan_meier.strict.p, 0.001);
  EXPECT_GT(wrong->days[1].groups.error, truth->days[1].groups.error);
}

TEST(GraceEvaluation, TakesForUsualWhatHalfOfTheOpenPaymentsSaw) {
  std::vector<GraceFailure> failures = Live(0.05, 0.4, 0.02, 500, 3);
  for (GraceFailure& failure : failures) {
    // Whoever had ended it by then got none.
    std::vector<UnpaidDay>& days = failure.spell.days;
    if (days.size() >= 4 && days[3].end == RecoveryEnd::kOpen) {
      days[3].messages = true;
    }
  }
  const UsualByClass usual = FindUsualDays(failures);
  const std::uint64_t days = std::uint64_t{1} << 2 | std::uint64_t{1} << 5;
  EXPECT_EQ(usual[v1::DECLINE_CLASS_SOFT].attempts, days);
  EXPECT_EQ(usual[v1::DECLINE_CLASS_HARD].attempts, days);
  EXPECT_EQ(usual[v1::DECLINE_CLASS_FRAUD].attempts, 0u);
  EXPECT_EQ(usual[v1::DECLINE_CLASS_SOFT].messages, std::uint64_t{1} << 4);
  EXPECT_EQ(usual[v1::DECLINE_CLASS_FRAUD].messages, 0u);
}

TEST(GraceEvaluation, SaysTheSameInWordsAndInJson) {
  const auto failures = Live(0.05, 0.4, 0.02, 400, 4);
  const auto result =
      EvaluateGrace(*ConstantRecovery(0.05, 0.4, 0.02), failures, failures);
  ASSERT_TRUE(result.ok());
  const std::string text = FormatGraceEvaluation(*result);
  const std::string json = GraceEvaluationJson(*result);
  EXPECT_THAT(text, HasSubstr("days 1-12"));
  EXPECT_THAT(text, HasSubstr("hard"));
  const auto wrong =
      EvaluateGrace(*ConstantRecovery(0.3, 0.9, 0.02), failures, failures);
  ASSERT_TRUE(wrong.ok());
  EXPECT_THAT(FormatGraceEvaluation(*wrong), HasSubstr(" % more)"));
  EXPECT_THAT(json, HasSubstr("\"ibs_days\":12"));
  EXPECT_THAT(json, HasSubstr("\"d_calibration_p_kaplan_meier\":"));
  EXPECT_THAT(json, HasSubstr("\"d_calibration_p_strict\":"));
  EXPECT_THAT(text, HasSubstr("of Kaplan-Meier's curve"));
  EXPECT_THAT(json, HasSubstr("\"ece_days\":[1,3,7,14,28,60]"));
  EXPECT_THAT(json, HasSubstr("{\"decline_class\":\"hard\",\"failures\":200"));
}

}  // namespace
}  // namespace tenuto
