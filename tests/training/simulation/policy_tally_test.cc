#include "training/simulation/policy_tally.h"

#include <cmath>
#include <cstdio>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace tenuto {
namespace {

constexpr unsigned kSeed = 7;

TrialOutcome Lived(int day, double minor, double net) {
  TrialOutcome outcome;
  outcome.recovered_day = day;
  outcome.recovered = day > 0 ? 1 : 0;
  outcome.recovered_minor = minor;
  outcome.net_minor = net;
  outcome.free_days = 2;
  outcome.attempts = 3;
  return outcome;
}

TEST(PolicyTally, AddsEveryPolicyToItsSegments) {
  PolicyTally tally(2, 3, 1);
  tally.Add(std::vector<TrialOutcome>{Lived(5, 100, 90), Lived(0, 0, -10)}, {},
            std::vector<std::size_t>{2});
  tally.Add(std::vector<TrialOutcome>{Lived(9, 50, 40), Lived(9, 50, 45)}, {},
            std::vector<std::size_t>{1});
  EXPECT_EQ(tally.sums(0).failures, 2);
  EXPECT_EQ(tally.sums(0).recovered, 2);
  EXPECT_EQ(tally.sums(0).difference, 100 - 5);
  EXPECT_EQ(tally.sums(1).difference, 0);
  EXPECT_EQ(tally.sums(0, 2).net, 90);
  EXPECT_EQ(tally.sums(0, 1).difference, -5);
  EXPECT_EQ(tally.days(0).PaymentsBy(5), 1);
  EXPECT_EQ(tally.days(0).PaymentsBy(60), 2);
  EXPECT_EQ(tally.days(0).MinorBy(60), 150);
  EXPECT_EQ(tally.days(1).PaymentsBy(60), 1);
}

TEST(PolicyTally, PairsEveryPolicyWithThePersonalOne) {
  PolicyTally tally(2, 2, 0, 1);
  for (const double net : {90, 40}) {
    tally.Add(std::vector<TrialOutcome>{Lived(5, 100, net), Lived(5, 100, 50)},
              {}, std::vector<std::size_t>{1});
  }
  for (const std::size_t segment : {std::size_t{0}, std::size_t{1}}) {
    EXPECT_EQ(tally.sums(0, segment).personal_gain, -40 + 10);
    EXPECT_EQ(tally.sums(0, segment).personal_gain_squares, 1600 + 100);
    EXPECT_EQ(tally.sums(1, segment).personal_gain_squares, 0);
  }
  PolicyTally twice(2, 2, 0, 1);
  twice.Add(tally);
  twice.Add(tally);
  EXPECT_EQ(twice.sums(0).personal_gain, -60);
  EXPECT_EQ(twice.sums(0).personal_gain_squares, 3400);
}

TEST(PolicyTally, SpreadsExpectedRecoveriesOverTheirDays) {
  PolicyTally tally(1, 1, 0);
  TrialOutcome outcome;
  outcome.recovered = 0.5;
  outcome.recovered_minor = 200;
  std::vector<RecoveryCurve> curves(1);
  curves[0][3].by_user = 0.2;
  curves[0][10].by_retry = 0.3;
  tally.Add(std::vector<TrialOutcome>{outcome}, curves, {});
  EXPECT_DOUBLE_EQ(tally.days(0).PaymentsBy(3), 0.2);
  EXPECT_DOUBLE_EQ(tally.days(0).PaymentsBy(60), 0.5);
  EXPECT_DOUBLE_EQ(tally.days(0).MinorBy(3), 80);
  EXPECT_DOUBLE_EQ(tally.days(0).MinorBy(60), 200);
}

// What is expected of a payment, and how far it may lie from that.
TrialOutcome Expected(double recovered, double net, double net_variance) {
  TrialOutcome outcome;
  outcome.recovered = recovered;
  outcome.recovered_variance = recovered * (1 - recovered);
  outcome.net_minor = net;
  outcome.net_variance = net_variance;
  return outcome;
}

TEST(PolicyTally, HoldsTheLuckOfPaymentsWhoseChancesAreKnown) {
  PolicyTally tally(2, 1, 0, 1);
  for (int k = 0; k < 1'000; ++k) {
    tally.Add(
        std::vector<TrialOutcome>{Expected(0.6, 60, 9), Expected(0.7, 70, 16)},
        {}, {});
  }
  const PolicySums& now = tally.sums(0);
  const PolicySums& other = tally.sums(1);
  // All payments are alike, so that all there is is their luck.
  const Estimate recovered =
      TotalOf(now.recovered, now.recovered_squares, now.failures);
  EXPECT_NEAR(recovered.high - recovered.value,
              1.96 * std::sqrt(1'000 * 0.6 * 0.4), 0.1);
  const Estimate net = TotalOf(other.net, other.net_squares, other.failures);
  EXPECT_NEAR(net.high - net.value, 1.96 * std::sqrt(1'000 * 16), 0.5);
  const Estimate difference =
      TotalOf(other.difference, other.difference_squares, other.failures);
  EXPECT_NEAR(difference.high - difference.value, 1.96 * std::sqrt(1'000 * 25),
              0.5);
  EXPECT_EQ(now.personal_gain_squares, other.difference_squares);
  EXPECT_EQ(now.difference_squares, 0);  // From itself.
}

// Where chances are known, 95 % of what happens lies within.
TEST(PolicyTally, HasIntervalsThatHoldWhatHappens) {
  std::printf("seed %u\n", kSeed);
  std::mt19937 random(kSeed);
  constexpr int kTotals = 2'000, kEach = 200;
  PolicyTally tally(1, 1, 0);
  for (int k = 0; k < kEach; ++k) {
    tally.Add(std::vector<TrialOutcome>{Expected(0.7, 0, 0)}, {}, {});
  }
  const PolicySums& sums = tally.sums(0);
  const Estimate total =
      TotalOf(sums.recovered, sums.recovered_squares, sums.failures);
  std::binomial_distribution<int> happens(kEach, 0.7);
  int held = 0;
  for (int k = 0; k < kTotals; ++k) {
    const double recovered = happens(random);
    held += total.low <= recovered && recovered <= total.high ? 1 : 0;
  }
  EXPECT_NEAR(held / static_cast<double>(kTotals), 0.95, 0.025);
}

TEST(PolicyTally, SumsOfPartsAreThoseOfTheWhole) {
  std::mt19937 random(kSeed);
  PolicyTally whole(2, 2, 0), first(2, 2, 0), second(2, 2, 0);
  for (int k = 0; k < 100; ++k) {
    const std::vector<TrialOutcome> outcomes = {
        Lived(static_cast<int>(random() % 61), 4, 2), Lived(1, 8, 4)};
    const std::vector<std::size_t> segments = {1};
    whole.Add(outcomes, {}, segments);
    (k < 40 ? first : second).Add(outcomes, {}, segments);
  }
  first.Add(second);
  for (const std::size_t segment : {std::size_t{0}, std::size_t{1}}) {
    EXPECT_EQ(first.sums(0, segment).recovered,
              whole.sums(0, segment).recovered);
    EXPECT_EQ(first.sums(1, segment).difference,
              whole.sums(1, segment).difference);
  }
  EXPECT_EQ(first.days(0).payments, whole.days(0).payments);
}

// Of many totals of the same kind 95 % of the intervals hold the true one.
TEST(TotalOf, GivesIntervalsThatHoldTheTruth) {
  std::printf("seed %u\n", kSeed);
  std::mt19937 random(kSeed);
  std::normal_distribution<double> normal(2, 5);
  constexpr int kTotals = 2'000, kEach = 200;
  int held = 0;
  for (int k = 0; k < kTotals; ++k) {
    double sum = 0, squares = 0;
    for (int i = 0; i < kEach; ++i) {
      const double value = normal(random);
      sum += value;
      squares += value * value;
    }
    const Estimate total = TotalOf(sum, squares, kEach);
    EXPECT_EQ(total.value, sum);
    held += total.low <= 2.0 * kEach && 2.0 * kEach <= total.high ? 1 : 0;
  }
  EXPECT_NEAR(held / static_cast<double>(kTotals), 0.95, 0.02);
}

}  // namespace
}  // namespace tenuto
