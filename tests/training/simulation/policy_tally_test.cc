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
  EXPECT_EQ(tally.days(0).PaymentsBy(5, 2).value, 1);
  EXPECT_EQ(tally.days(0).PaymentsBy(60, 2).value, 2);
  EXPECT_EQ(tally.days(0).MinorBy(60, 2).value, 150);
  EXPECT_EQ(tally.days(1).PaymentsBy(60, 2).value, 1);
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
  EXPECT_DOUBLE_EQ(tally.days(0).PaymentsBy(3, 1).value, 0.2);
  EXPECT_DOUBLE_EQ(tally.days(0).PaymentsBy(60, 1).value, 0.5);
  EXPECT_DOUBLE_EQ(tally.days(0).MinorBy(3, 1).value, 80);
  EXPECT_DOUBLE_EQ(tally.days(0).MinorBy(60, 1).value, 200);
}

// From what every payment gave by a day, one by one.
TEST(PolicyTally, RecoveriesByDayVaryAsPaymentsDo) {
  std::mt19937 random(kSeed);
  PolicyTally lived(1, 1, 0), expected(1, 1, 0);
  constexpr int kDay = 20;
  constexpr int kPayments = 50;
  std::vector<double> lived_minor, expected_minor;
  double luck = 0;
  for (int k = 0; k < kPayments; ++k) {
    const int day = static_cast<int>(random() % 61);
    const double minor = day > 0 ? static_cast<double>(random() % 900) : 0;
    lived.Add(std::vector<TrialOutcome>{Lived(day, minor, 0)}, {}, {});
    lived_minor.push_back(day > 0 && day <= kDay ? minor : 0);
    std::vector<RecoveryCurve> curves(1);
    TrialOutcome outcome;
    double by_now = 0;
    for (std::size_t d = 1; d <= kUnpaidDays; ++d) {
      curves[0][d].by_user = static_cast<double>(random() % 10) / 1e3;
      outcome.recovered += curves[0][d].by_user;
      if (d <= kDay) by_now += curves[0][d].by_user;
    }
    outcome.recovered_minor = 700 * outcome.recovered;
    expected.Add(std::vector<TrialOutcome>{outcome}, curves, {});
    expected_minor.push_back(700 * by_now);
    luck += 700 * 700 * by_now * (1 - by_now);
  }
  const auto expect = [](const Estimate& estimate,
                         const std::vector<double>& values, double more) {
    double sum = 0, squares = more;
    for (const double value : values) sum += value;
    for (const double value : values) {
      squares += (value - sum / kPayments) * (value - sum / kPayments);
    }
    const double half =
        1.959964 * std::sqrt(squares / (kPayments - 1) * kPayments);
    EXPECT_NEAR(estimate.value, sum, 1e-6);
    EXPECT_NEAR(estimate.low, sum - half, 1e-4);
    EXPECT_NEAR(estimate.high, sum + half, 1e-4);
  };
  expect(lived.days(0).MinorBy(kDay, kPayments), lived_minor, 0);
  // Of what is expected also the luck that is to come.
  expect(expected.days(0).MinorBy(kDay, kPayments), expected_minor, luck);
}

// Weights are not chances: a day may take away what an earlier one gave.
TEST(PolicyTally, PutRightRecoveriesByDayVaryAsTheirWeights) {
  std::mt19937 random(kSeed);
  PolicyTally tally(1, 1, 0);
  constexpr int kPayments = 40;
  double by_ten = 0, by_ten_squares = 0;
  for (int k = 0; k < kPayments; ++k) {
    std::vector<RecoveryCurve> curves(1);
    TrialOutcome outcome;
    outcome.put_right = true;
    for (const std::size_t day : {4u, 9u, 30u}) {
      curves[0][day].by_retry = static_cast<double>(random() % 50) - 20;
      outcome.recovered += curves[0][day].by_retry;
    }
    outcome.recovered_minor = 300 * outcome.recovered;
    tally.Add(std::vector<TrialOutcome>{outcome}, curves, {});
    const double by_now = curves[0][4].by_retry + curves[0][9].by_retry;
    by_ten += by_now;
    by_ten_squares += by_now * by_now;
  }
  const auto expect = [](const Estimate& found, const Estimate& expected) {
    EXPECT_NEAR(found.value, expected.value, 1e-6);
    EXPECT_NEAR(found.low, expected.low, 1e-6);
    EXPECT_NEAR(found.high, expected.high, 1e-6);
  };
  const RecoveryDays& days = tally.days(0);
  expect(days.PaymentsBy(10, kPayments),
         TotalOf(by_ten, by_ten_squares, kPayments));
  const PolicySums& sums = tally.sums(0);
  expect(days.PaymentsBy(60, kPayments),
         TotalOf(sums.recovered, sums.recovered_squares, kPayments));
  expect(
      days.MinorBy(60, kPayments),
      TotalOf(sums.recovered_minor, sums.recovered_minor_squares, kPayments));
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
