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

// Lived for so many days as `plan` says.
void Live(int days, const PaymentMoment& plan, UnpaidSpell& spell) {
  while (static_cast<int>(spell.days.size()) < days) {
    UnpaidDay& day = spell.days.emplace_back();
    const auto number = static_cast<int>(spell.days.size());
    day.access = plan.AccessOn(number);
    day.attempted = (plan.attempt_days >> number & 1) != 0;
    day.messages = (plan.message_days >> number & 1) != 0;
  }
  spell.has_plan = true;
  spell.plan = plan;
}

// A server plans anew every day; chance drew the first plan only.
TEST(LoggedPlans, CountUntilALaterPlanDoesOtherwise) {
  std::vector<GraceFailure> log = {Planned(7, 0.5), Planned(7, 0.5),
                                   Planned(14, 0.5), Planned(14, 0.5)};
  PaymentMoment same = *log[0].spell.first_plan;
  same.elapsed_days = 4;
  Live(20, same, log[0].spell);
  // From day 6 on more attempts.
  Live(5, *log[1].spell.first_plan, log[1].spell);
  PaymentMoment eager = *log[1].spell.first_plan;
  eager.elapsed_days = 5;
  eager.attempt_days |= std::uint64_t{1} << 9;
  Live(20, eager, log[1].spell);
  EXPECT_EQ(DaysAsPlanned(log[0].spell), kUnpaidDays);
  EXPECT_EQ(DaysAsPlanned(log[1].spell), 8);
  const LoggedPlans plans = LoggedPlans::Read(log);
  EXPECT_EQ(plans.strayed(), 1);
  const AgreementWeights kept = plans.WeightsOf(log[0], Trial(7));
  const AgreementWeights strayed = plans.WeightsOf(log[1], Trial(7));
  EXPECT_EQ(kept[8], 2);
  EXPECT_EQ(kept[20], 2);
  EXPECT_EQ(strayed[7], kept[7]);
  EXPECT_EQ(strayed[8], 2);
  EXPECT_EQ(strayed[9], 0);
  EXPECT_EQ(strayed[20], 0);
}

TEST(LoggedPlans, KnowEveryWayToStray) {
  const std::uint64_t second = std::uint64_t{1} << 2;
  const auto strays = [](const PaymentMoment& first, auto change) {
    UnpaidSpell spell;
    spell.first_plan = first;
    Live(5, first, spell);
    change(spell);
    return DaysAsPlanned(spell);
  };
  PaymentMoment first;
  first.full_days = 3;
  first.attempt_days = first.message_days = second;
  const auto is_replanned = [](UnpaidSpell& s) { s.plan.elapsed_days = 1; };
  EXPECT_EQ(strays(first, [](UnpaidSpell&) {}), kUnpaidDays);
  EXPECT_EQ(
      strays(first, [](UnpaidSpell& s) { s.days[3].access = Access::kFull; }),
      3);
  EXPECT_EQ(strays(first, [](UnpaidSpell& s) { s.days[1].attempted = false; }),
            1);
  EXPECT_EQ(strays(first, [](UnpaidSpell& s) { s.days[1].messages = false; }),
            1);
  // Paid on day 2, before attempt and message.
  EXPECT_EQ(strays(first,
                   [](UnpaidSpell& s) {
                     s.days.resize(2);
                     s.days[1].attempted = s.days[1].messages = false;
                   }),
            kUnpaidDays);
  // One more message is about something else, unless a later plan is there.
  const auto writes = [](UnpaidSpell& s) { s.days[3].messages = true; };
  EXPECT_EQ(strays(first, writes), kUnpaidDays);
  EXPECT_EQ(strays(first,
                   [&](UnpaidSpell& s) {
                     is_replanned(s);
                     writes(s);
                   }),
            3);
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
