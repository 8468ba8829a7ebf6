#include "training/simulation/logged_plans.h"

#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace tenuto {
namespace {

constexpr std::uint64_t kThird = std::uint64_t{1} << 3;

GraceFailure Planned(int full_days, double propensity,
                     std::uint64_t attempt_days = kThird) {
  GraceFailure failure;
  failure.decisions.emplace_back();
  PaymentMoment& plan = failure.spell.first_plan.emplace();
  plan.full_days = full_days;
  plan.attempt_days = attempt_days;
  plan.propensity = propensity;
  return failure;
}

TrialActions Trial(int full_days) {
  TrialActions trial;
  for (int day = 1; day <= kUnpaidDays; ++day) {
    DayAction& action = trial.actions[static_cast<std::size_t>(day)];
    action.access = day <= full_days ? Access::kFull : Access::kNone;
    action.attempts = day == 3;
  }
  return trial;
}

TEST(LoggedPlans, CountEveryPlanThatAgreesUntilADay) {
  const std::vector<GraceFailure> log = {Planned(0, 0.2), Planned(7, 0.3),
                                         Planned(14, 0.5), Planned(14, 0.5)};
  const LoggedPlans plans = LoggedPlans::Read(log);
  EXPECT_EQ(plans.randomised(), 4);
  const AgreementWeights weights = plans.WeightsOf(log[2], Trial(14));
  EXPECT_DOUBLE_EQ(weights[1], 1 / 0.8);
  EXPECT_DOUBLE_EQ(weights[7], 1 / 0.8);
  EXPECT_DOUBLE_EQ(weights[8], 1 / 0.5);
  EXPECT_DOUBLE_EQ(weights[kUnpaidDays], 1 / 0.5);
  const AgreementWeights seven = plans.WeightsOf(log[1], Trial(14));
  EXPECT_DOUBLE_EQ(seven[7], 1 / 0.8);
  EXPECT_EQ(seven[8], 0);
  EXPECT_EQ(plans.WeightsOf(log[0], Trial(14))[1], 0);
}

TEST(LoggedPlans, HaveWeightsOfOneInTheMeanOnEveryDay) {
  // As many of each plan as its chance says.
  std::vector<GraceFailure> log;
  for (const auto& [days, of_ten] :
       std::vector<std::pair<int, int>>{{0, 2}, {7, 3}, {14, 5}}) {
    for (int k = 0; k < of_ten; ++k) log.push_back(Planned(days, of_ten / 10.));
  }
  const LoggedPlans plans = LoggedPlans::Read(log);
  for (const int length : {0, 7, 14}) {
    for (std::size_t day = 1; day <= kUnpaidDays; ++day) {
      double sum = 0;
      for (const GraceFailure& failure : log) {
        sum += plans.WeightsOf(failure, Trial(length))[day];
      }
      EXPECT_NEAR(sum, 10, 1e-9) << length << " on day " << day;
    }
  }
}

TEST(LoggedPlans, MustAgreeAllInAllWhereOtherPlansAreUnknown) {
  const std::vector<GraceFailure> log = {Planned(7, 0.25), Planned(14, 0.1)};
  const LoggedPlans plans = LoggedPlans::Read(log);
  EXPECT_DOUBLE_EQ(plans.WeightsOf(log[0], Trial(7))[1], 4);
  EXPECT_EQ(plans.WeightsOf(log[0], Trial(14))[1], 0);
}

TEST(LoggedPlans, SayNothingWithoutAPlan) {
  std::vector<GraceFailure> log(1);
  log[0].decisions.emplace_back();
  const LoggedPlans plans = LoggedPlans::Read(log);
  EXPECT_EQ(plans.randomised(), 0);
  EXPECT_EQ(plans.WeightsOf(log[0], Trial(7))[1], 0);
}

}  // namespace
}  // namespace tenuto
