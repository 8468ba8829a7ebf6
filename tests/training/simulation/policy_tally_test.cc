#include "training/simulation/policy_tally.h"

#include <array>
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
  tally.Add({std::vector<TrialOutcome>{Lived(5, 100, 90), Lived(0, 0, -10)},
             {},
             std::vector<std::size_t>{2}});
  tally.Add({std::vector<TrialOutcome>{Lived(9, 50, 40), Lived(9, 50, 45)},
             {},
             std::vector<std::size_t>{1}});
  EXPECT_EQ(tally.sums(0).size.payments, 2);
  EXPECT_EQ(tally.sums(0).recovered.total, 2);
  EXPECT_EQ(tally.sums(0).difference.total, 100 - 5);
  EXPECT_EQ(tally.sums(1).difference.total, 0);
  EXPECT_EQ(tally.sums(0, 2).net.total, 90);
  EXPECT_EQ(tally.sums(0, 1).difference.total, -5);
  EXPECT_EQ(tally.days(0).PaymentsBy(5, {2, 0}).value, 1);
  EXPECT_EQ(tally.days(0).PaymentsBy(60, {2, 0}).value, 2);
  EXPECT_EQ(tally.days(0).MinorBy(60, {2, 0}).value, 150);
  EXPECT_EQ(tally.days(1).PaymentsBy(60, {2, 0}).value, 1);
}

TEST(PolicyTally, PairsEveryPolicyWithThePersonalOne) {
  PolicyTally tally(2, 2, 0, 1);
  for (const double net : {90, 40}) {
    tally.Add({std::vector<TrialOutcome>{Lived(5, 100, net), Lived(5, 100, 50)},
               {},
               std::vector<std::size_t>{1}});
  }
  for (const std::size_t segment : {std::size_t{0}, std::size_t{1}}) {
    EXPECT_EQ(tally.sums(0, segment).personal_gain.total, -40 + 10);
    EXPECT_EQ(tally.sums(0, segment).personal_gain.squares, 1600 + 100);
    EXPECT_EQ(tally.sums(1, segment).personal_gain.squares, 0);
  }
  PolicyTally twice(2, 2, 0, 1);
  twice.Add(tally);
  twice.Add(tally);
  EXPECT_EQ(twice.sums(0).personal_gain.total, -60);
  EXPECT_EQ(twice.sums(0).personal_gain.squares, 3400);
}

TEST(PolicyTally, SpreadsExpectedRecoveriesOverTheirDays) {
  PolicyTally tally(1, 1, 0);
  TrialOutcome outcome;
  outcome.recovered = 0.5;
  outcome.recovered_minor = 200;
  std::vector<RecoveryCurve> curves(1);
  curves[0][3].by_user = 0.2;
  curves[0][10].by_retry = 0.3;
  tally.Add({std::vector<TrialOutcome>{outcome}, curves, {}});
  EXPECT_DOUBLE_EQ(tally.days(0).PaymentsBy(3, {1, 0}).value, 0.2);
  EXPECT_DOUBLE_EQ(tally.days(0).PaymentsBy(60, {1, 0}).value, 0.5);
  EXPECT_DOUBLE_EQ(tally.days(0).MinorBy(3, {1, 0}).value, 80);
  EXPECT_DOUBLE_EQ(tally.days(0).MinorBy(60, {1, 0}).value, 200);
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
    lived.Add({std::vector<TrialOutcome>{Lived(day, minor, 0)}, {}, {}});
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
    expected.Add({std::vector<TrialOutcome>{outcome}, curves, {}});
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
  expect(lived.days(0).MinorBy(kDay, {kPayments, 0}), lived_minor, 0);
  // Of what is expected also the luck that is to come.
  expect(expected.days(0).MinorBy(kDay, {kPayments, 0}), expected_minor, luck);
}

// Weights are not chances: a day may take away what an earlier one gave.
TEST(PolicyTally, PutRightRecoveriesByDayVaryAsTheirWeights) {
  std::mt19937 random(kSeed);
  PolicyTally tally(1, 1, 0);
  constexpr int kPayments = 40;
  SampledSum by_ten;
  for (int k = 0; k < kPayments; ++k) {
    std::vector<RecoveryCurve> curves(1);
    TrialOutcome outcome;
    outcome.put_right = true;
    for (const std::size_t day : {4u, 9u, 30u}) {
      curves[0][day].by_retry = static_cast<double>(random() % 50) - 20;
      outcome.recovered += curves[0][day].by_retry;
    }
    outcome.recovered_minor = 300 * outcome.recovered;
    tally.Add({std::vector<TrialOutcome>{outcome}, curves, {}});
    by_ten.Add(curves[0][4].by_retry + curves[0][9].by_retry);
  }
  const auto expect = [](const Estimate& found, const Estimate& expected) {
    EXPECT_NEAR(found.value, expected.value, 1e-6);
    EXPECT_NEAR(found.low, expected.low, 1e-6);
    EXPECT_NEAR(found.high, expected.high, 1e-6);
  };
  const RecoveryDays& days = tally.days(0);
  const PolicySums& sums = tally.sums(0);
  expect(days.PaymentsBy(10, sums.size), TotalOf(by_ten, sums.size));
  expect(days.PaymentsBy(60, sums.size), TotalOf(sums.recovered, sums.size));
  expect(days.MinorBy(60, sums.size), TotalOf(sums.recovered_minor, sums.size));
}

// What the payments of one subscriber give, in one segment.
struct Own {
  double payments = 0, gain = 0;
  double minor = 0, luck = 0;  // Back by day 20, and the luck of that.
};

// Two policies, of which the second gains the same for all payments of one
// subscriber. Segment 1 or 2, and everybody.
class LikePayments {
 public:
  LikePayments(std::mt19937& random, PolicyTally& tally) {
    const std::size_t count = 1 + random() % 4;
    const auto gain = static_cast<double>(random() % 50);
    for (std::size_t k = 0; k < count; ++k) {
      const std::size_t segment = segments_.emplace_back(1 + random() % 2);
      auto& curves = curves_.emplace_back();
      auto& outcomes = outcomes_.emplace_back();
      outcomes[0].net_minor = static_cast<double>(random() % 30);
      outcomes[1].net_minor = outcomes[0].net_minor + gain;
      outcomes[1].recovered = 0.5;
      outcomes[1].recovered_minor = 400;
      for (const std::size_t day : {5u, 18u, 40u}) {
        curves[1][day].by_user = static_cast<double>(random() % 16) / 100;
      }
      const double back = curves[1][5].by_user + curves[1][18].by_user;
      for (const std::size_t in : {std::size_t{0}, segment}) {
        own_[in].payments += 1;
        own_[in].gain += gain;
        own_[in].minor += 800 * back;
        own_[in].luck += 800 * 800 * back * (1 - back);
      }
    }
    std::vector<TriedPayment> payments;
    for (std::size_t k = 0; k < count; ++k) {
      payments.push_back({outcomes_[k], curves_[k], {&segments_[k], 1}});
    }
    tally.AddUser(payments);
  }
  const Own& in(std::size_t segment) const { return own_[segment]; }

 private:
  std::vector<std::array<TrialOutcome, 2>> outcomes_;
  std::vector<std::array<RecoveryCurve, 2>> curves_;
  std::vector<std::size_t> segments_;
  std::array<Own, 3> own_{};
};

void ExpectClustered(const Estimate& found, const std::vector<Own>& users,
                     double Own::*value, double luck) {
  double n = 0, sum = 0, sizes_squared = 0, off = luck;
  for (const Own& user : users) {
    n += user.payments;
    sum += user.*value;
    sizes_squared += user.payments * user.payments;
  }
  for (const Own& user : users) {
    off += std::pow(user.*value - user.payments * sum / n, 2);
  }
  const double half = 1.959964 * std::sqrt(off / (1 - sizes_squared / (n * n)));
  EXPECT_NEAR(found.value, sum, 1e-6);
  EXPECT_NEAR(found.high - found.value, half, 1e-6 * half);
}

// Against each subscriber's own sums.
TEST(PolicyTally, KnowsThatPaymentsOfASubscriberAreAlike) {
  std::printf("seed %u\n", kSeed);
  std::mt19937 random(kSeed);
  PolicyTally tally(2, 3, 0);
  std::array<std::vector<Own>, 3> own;
  for (int user = 0; user < 200; ++user) {
    const LikePayments payments(random, tally);
    for (std::size_t k = 0; k < own.size(); ++k) {
      if (payments.in(k).payments > 0) own[k].push_back(payments.in(k));
    }
  }
  for (std::size_t segment = 0; segment < own.size(); ++segment) {
    const PolicySums& sums = tally.sums(1, segment);
    EXPECT_EQ(sums.size.subscribers, static_cast<double>(own[segment].size()));
    ExpectClustered(TotalOf(sums.difference, sums.size), own[segment],
                    &Own::gain, 0);
  }
  double luck = 0;
  for (const Own& user : own[0]) luck += user.luck;
  ExpectClustered(tally.days(1).MinorBy(20, tally.sums(1).size), own[0],
                  &Own::minor, luck);
}

TEST(PolicyTally, SumsOfPartsAreThoseOfTheWhole) {
  std::mt19937 random(kSeed);
  PolicyTally whole(2, 2, 0), first(2, 2, 0), second(2, 2, 0);
  for (int k = 0; k < 100; ++k) {
    const std::vector<TrialOutcome> outcomes = {
        Lived(static_cast<int>(random() % 61), 4, 2), Lived(1, 8, 4)};
    const std::vector<std::size_t> segments = {1};
    whole.Add({outcomes, {}, segments});
    (k < 40 ? first : second).Add({outcomes, {}, segments});
  }
  first.Add(second);
  for (const std::size_t segment : {std::size_t{0}, std::size_t{1}}) {
    EXPECT_EQ(first.sums(0, segment).recovered.total,
              whole.sums(0, segment).recovered.total);
    EXPECT_EQ(first.sums(1, segment).difference.total,
              whole.sums(1, segment).difference.total);
  }
  for (const int day : {1, 20, kUnpaidDays}) {
    EXPECT_EQ(first.days(0).PaymentsBy(day, {100, 0}).low,
              whole.days(0).PaymentsBy(day, {100, 0}).low);
  }
}

}  // namespace
}  // namespace tenuto
