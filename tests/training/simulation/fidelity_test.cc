#include "training/simulation/fidelity.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "gtest/gtest.h"
#include "tests/training/simulation/lived_trial.h"
#include "training/simulation/doubly_robust.h"

namespace tenuto {
namespace {

using FidelityTest = LivedTrial;

TEST_F(FidelityTest, ComparesMeans) {
  OutcomeGaps gaps, half;
  double expected = 0, observed = 0, squares = 0;
  constexpr int kPayments = 40;
  for (int k = 0; k < kPayments; ++k) {
    TrialOutcome of_model, of_log;
    of_model.net_minor = 100 + k;
    of_log.net_minor = k % 3 == 0 ? 300 : 20;
    of_model.free_days = 2;
    of_log.free_days = 3;
    (k < 10 ? half : gaps).Add({of_model, of_log}, true);
    expected += of_model.net_minor / kPayments;
    observed += of_log.net_minor / kPayments;
  }
  for (int k = 0; k < kPayments; ++k) {
    const double gap = 100 + k - (k % 3 == 0 ? 300 : 20);
    squares += std::pow(gap - (expected - observed), 2);
  }
  gaps.Add(half);
  const ComparedOutcomes means = gaps.Means();
  EXPECT_NEAR(means.net_minor.simulated, expected, 1e-9);
  EXPECT_NEAR(means.net_minor.observed, observed, 1e-9);
  const double half_width =
      1.959964 * std::sqrt(squares / (kPayments - 1) / kPayments);
  EXPECT_NEAR(means.net_minor.high - means.net_minor.difference(), half_width,
              1e-6);
  EXPECT_NEAR(means.net_minor.difference() - means.net_minor.low, half_width,
              1e-6);
  EXPECT_EQ(means.free_days.difference(), -1);
  EXPECT_EQ(means.attempts.observed, 0);
}

// Three that all were recovered, where two of three were to be expected: that
// they do not differ proves nothing.
TEST_F(FidelityTest, KnowsThatAFewMayEndAlikeByChance) {
  OutcomeGaps gaps;
  for (int k = 0; k < 3; ++k) {
    TrialOutcome expected, observed;
    expected.net_minor = 2000.0 * 2 / 3;
    expected.net_variance = 2000.0 * 2000 * 2 / 9;
    observed.net_minor = 2000;
    gaps.Add({expected, observed}, true);
  }
  const Compared net = gaps.Means().net_minor;
  EXPECT_NEAR(net.high - net.difference(),
              1.959964 * std::sqrt(2000.0 * 2000 * 2 / 9 / 3), 1e-6);
  EXPECT_GT(net.high, 0);
}

// Of two payments of a subscriber that ended alike the second says nothing new.
TEST_F(FidelityTest, KnowsThatPaymentsOfASubscriberAreAlike) {
  OutcomeGaps once, twice;
  for (int k = 0; k < 50; ++k) {
    ComparedPayment payment;
    payment.observed.net_minor = k * k % 17;
    once.Add(payment, true);
    twice.Add(payment, true);
    twice.Add(payment, false);
    twice.AddPair(payment, payment);
  }
  EXPECT_EQ(twice.size().payments, 100);
  EXPECT_EQ(twice.size().subscribers, 50);
  const Compared net = twice.Means().net_minor;
  EXPECT_NEAR(net.low, once.Means().net_minor.low, 1e-9);
  EXPECT_NEAR(net.high, once.Means().net_minor.high, 1e-9);
}

// Half of the payments are watched for 10 days only, the others for 40, and the
// model is far from true: what came of them is found all the same.
TEST_F(FidelityTest, AllowsForPaymentsThatNobodyWatchedToTheEnd) {
  const HazardTable model = Table(0.1f, 0.05f, 0.001f);
  const HazardTable truth = Table(0.02f, 0.3f, 0.02f);
  SplitMix64 random(7);
  std::vector<UnpaidSpell> spells;
  std::vector<SurvivalOutcome> watched_until;
  for (int k = 0; k < 20'000; ++k) {
    UnpaidSpell& spell = spells.emplace_back(Live(truth, random));
    const std::size_t watched = random.Next() % 2 == 0 ? 10 : 40;
    if (spell.days.size() > watched) {
      spell.days.resize(watched);
      spell.end = RecoveryEnd::kOpen;
    }
    watched_until.push_back(
        {static_cast<int>(spell.days.size()), spell.end != RecoveryEnd::kOpen});
  }
  const Watching watching = Watching::Of(watched_until);
  ASSERT_EQ(watching.days, 40);
  trial_.last_day = watching.days;
  EXPECT_EQ(watching.weights[10], 1);
  EXPECT_GT(watching.weights[11], 1.5);
  EXPECT_EQ(watching.weights[41], 0);
  OutcomeGaps gaps;
  RecoveryCurve curve;
  for (const UnpaidSpell& spell : spells) {
    const TrialOutcome expected = Expect(model, stakes_, trial_, curve);
    TrialOutcome observed = expected;
    PutRight(spell, watching.weights, stakes_, trial_, curve, observed);
    gaps.Add({expected, observed}, true);
  }
  const TrialOutcome really = Expect(truth, stakes_, trial_, curve);
  const ComparedOutcomes means = gaps.Means();
  const auto near = [](const Compared& compared, double truth_value) {
    const double error = (compared.high - compared.low) / 2 / 1.959964;
    EXPECT_NEAR(compared.observed, truth_value, 4 * error);
    EXPECT_GT(std::abs(compared.difference()), 4 * error);
  };
  near(means.net_minor, really.net_minor);
  near(means.free_days, really.free_days);
  near(means.attempts, really.attempts);
}

}  // namespace
}  // namespace tenuto
