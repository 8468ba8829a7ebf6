#include "training/simulation/doubly_robust.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"
#include "tests/training/simulation/lived_trial.h"
#include "training/split_mix.h"

namespace tenuto {
namespace {

using DoublyRobustTest = LivedTrial;

TEST_F(DoublyRobustTest, GivesWhatHappenedForTheLogsOwnPolicy) {
  AgreementWeights ones;
  ones.fill(1);
  SplitMix64 random(5);
  // A model that is far from true.
  const HazardTable model = Table(0.2f, 0.05f, 0.001f);
  const HazardTable truth = Table(0.02f, 0.3f, 0.02f);
  int recovered = 0;
  for (int k = 0; k < 300; ++k) {
    const UnpaidSpell spell = Live(truth, random);
    RecoveryCurve curve;
    TrialOutcome outcome = Expect(model, stakes_, trial_, curve);
    PutRight(spell, ones, stakes_, trial_, curve, outcome);
    const bool pays =
        spell.end == RecoveryEnd::kByUser || spell.end == RecoveryEnd::kByRetry;
    recovered += pays;
    double attempts = 0, free_days = 0;
    double net = pays ? 2000 : 0;
    Access access = Access::kFull;
    for (std::size_t day = 1; day <= spell.days.size(); ++day) {
      const UnpaidDay& lived = spell.days[day - 1];
      if (trial_.actions[day].messages) net -= 1;
      if (lived.access < access) net -= 6;
      access = lived.access;
      attempts += lived.attempted;
      if (lived.end == RecoveryEnd::kOpen && lived.access == Access::kFull) {
        ++free_days;
      }
    }
    net -= 7 * attempts + 20 * free_days;
    ASSERT_NEAR(outcome.recovered, pays ? 1 : 0, 1e-6);
    ASSERT_NEAR(outcome.attempts, attempts, 1e-6);
    ASSERT_NEAR(outcome.free_days, free_days, 1e-6);
    ASSERT_NEAR(outcome.net_minor, net, 1e-3);
    for (std::size_t day = 1; day <= kUnpaidDays; ++day) {
      const bool then = pays && day == spell.days.size();
      ASSERT_NEAR(curve[day].by_user + curve[day].by_retry, then ? 1 : 0, 1e-6);
    }
  }
  EXPECT_GT(recovered, 100);
  EXPECT_LT(recovered, 290);
}

TEST_F(DoublyRobustTest, FindsTheTruthWhereTheLogDidTheSameByChance) {
  const HazardTable model = Table(0.1f, 0.05f, 0.001f);
  const HazardTable truth = Table(0.02f, 0.3f, 0.02f);
  SplitMix64 random(11);
  RecoveryCurve unused;
  const TrialOutcome expected = Expect(truth, stakes_, trial_, unused);
  AgreementWeights quarter;
  quarter.fill(4);
  const AgreementWeights never{};
  double sum = 0, squares = 0;
  const int n = 8000;
  for (int k = 0; k < n; ++k) {
    const UnpaidSpell spell = Live(truth, random);
    RecoveryCurve curve;
    TrialOutcome outcome = Expect(model, stakes_, trial_, curve);
    PutRight(spell, random.Below(4) == 0 ? quarter : never, stakes_, trial_,
             curve, outcome);
    sum += outcome.recovered;
    squares += outcome.recovered * outcome.recovered;
  }
  const double error =
      std::sqrt(squares / n - sum / n * sum / n) / std::sqrt(n);
  EXPECT_NEAR(sum / n, expected.recovered, 4 * error);
  EXPECT_LT(4 * error, 0.08);
  const TrialOutcome believed = Expect(model, stakes_, trial_, unused);
  EXPECT_GT(std::abs(believed.recovered - expected.recovered), 0.1);
}

// Of what nobody could watch the model tells, from those who were open then.
TEST_F(DoublyRobustTest, PutsRightUpToTheDayThatIsKnown) {
  const HazardTable model = Table(0.1f, 0.05f, 0.001f);
  const HazardTable truth = Table(0.02f, 0.3f, 0.02f);
  constexpr std::size_t kKnown = 12;
  SplitMix64 random(17);
  RecoveryCurve expected, believed;
  Expect(truth, stakes_, trial_, expected);
  Expect(model, stakes_, trial_, believed);
  AgreementWeights quarter;
  quarter.fill(4);
  const int n = 8000;
  RecoveryCurve mean;
  for (RecoveryDay& day : mean) day = {0, 0, 0, 0};
  int cut = 0;
  for (int k = 0; k < n; ++k) {
    UnpaidSpell spell = Live(truth, random);
    if (spell.days.size() > kKnown) {
      spell.days.resize(kKnown);
      spell.end = RecoveryEnd::kOpen;
      ++cut;
    }
    const bool agrees = random.Below(4) == 0;
    RecoveryCurve curve;
    TrialOutcome outcome = Expect(model, stakes_, trial_, curve);
    PutRight(spell, agrees ? quarter : AgreementWeights{}, stakes_, trial_,
             curve, outcome);
    EXPECT_EQ(outcome.net_variance, 0);
    EXPECT_EQ(WeightAtEnd(spell, quarter, trial_.last_day), 4);
    for (std::size_t day = 1; day <= kUnpaidDays; ++day) {
      mean[day].by_user += curve[day].by_user / n;
      mean[day].by_retry += curve[day].by_retry / n;
      mean[day].open += curve[day].open / n;
    }
  }
  EXPECT_GT(cut, n / 4);
  const auto recovered = [](const RecoveryCurve& curve, std::size_t last) {
    double sum = 0;
    for (std::size_t day = 1; day <= last; ++day) {
      sum += curve[day].by_user + curve[day].by_retry;
    }
    return sum;
  };
  EXPECT_NEAR(recovered(mean, kKnown), recovered(expected, kKnown), 0.05);
  EXPECT_GT(std::abs(recovered(believed, kKnown) - recovered(expected, kKnown)),
            0.1);
  // Later, a share of those still open as the model has it.
  const double later =
      recovered(believed, kUnpaidDays) - recovered(believed, kKnown);
  EXPECT_NEAR(recovered(mean, kUnpaidDays) - recovered(mean, kKnown),
              mean[kKnown].open * later / believed[kKnown].open, 0.05);
}

TEST_F(DoublyRobustTest, BelievesTheModelWhereTheLogDidOtherwise) {
  const HazardTable model = Table(0.05f, 0.2f, 0.01f);
  SplitMix64 random(3);
  const UnpaidSpell spell = Live(model, random);
  RecoveryCurve curve;
  const TrialOutcome expected = Expect(model, stakes_, trial_, curve);
  TrialOutcome outcome = expected;
  PutRight(spell, AgreementWeights{}, stakes_, trial_, curve, outcome);
  EXPECT_EQ(outcome.net_minor, expected.net_minor);
  EXPECT_EQ(outcome.recovered, expected.recovered);
}

}  // namespace
}  // namespace tenuto
