#include "training/simulation/sampled_sum.h"

#include <cmath>
#include <cstdio>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace tenuto {
namespace {

constexpr unsigned kSeed = 7;

struct Sample {
  SampledSum sum;
  SampleSize size;

  void AddUser(const std::vector<double>& values) {
    for (std::size_t k = 0; k < values.size(); ++k) {
      sum.Add(values[k]);
      size.payments += 1;
      for (std::size_t before = 0; before < k; ++before) {
        sum.AddPair(values[before], values[k]);
        size.pairs += 1;
      }
    }
  }
};

TEST(SampledSum, OfOnePaymentEachVariesAsPaymentsDo) {
  Sample sample;
  for (const double value : {1.0, 4.0, 7.0, 12.0}) sample.AddUser({value});
  // Around the mean of 6: 25 + 4 + 1 + 36.
  EXPECT_DOUBLE_EQ(VarianceOf(sample.sum, sample.size), 66.0 / 3 * 4);
  const Estimate total = TotalOf(sample.sum, sample.size);
  EXPECT_EQ(total.value, 24);
  EXPECT_DOUBLE_EQ(total.high - 24, 1.959964 * std::sqrt(88));
  EXPECT_DOUBLE_EQ(24 - total.low, 1.959964 * std::sqrt(88));
}

// Everything told twice says no more than told once.
TEST(SampledSum, OfPaymentsToldTwiceIsNoSurer) {
  Sample once, twice;
  for (const double value : {1.0, 4.0, 7.0, 12.0}) {
    once.AddUser({value});
    twice.AddUser({value, value});
  }
  EXPECT_EQ(twice.sum.total, 2 * once.sum.total);
  EXPECT_DOUBLE_EQ(VarianceOf(twice.sum, twice.size),
                   4 * VarianceOf(once.sum, once.size));
}

TEST(SampledSum, OfOneSubscriberSaysNothingOfOthers) {
  Sample sample;
  EXPECT_EQ(VarianceOf(sample.sum, sample.size), 0);
  sample.AddUser({3, 5, 9});
  EXPECT_EQ(VarianceOf(sample.sum, sample.size), 0);
}

// Subscribers with one to five payments that are alike, the more of them the
// less each is worth. How many of 2,000 intervals of the mean hold the true
// one; taken as independent, far fewer do.
TEST(SampledSum, GivesIntervalsThatHoldTheTruth) {
  std::printf("seed %u\n", kSeed);
  std::mt19937 random(kSeed);
  std::normal_distribution<double> normal(0, 1);
  constexpr int kTrials = 2'000, kUsers = 150;
  // Of a payment: 5 - m for one of m, m from 1 to 5 with equal chances.
  constexpr double kMean = (4 + 6 + 6 + 4 + 0) / 15.0;
  int held = 0, held_if_independent = 0;
  for (int trial = 0; trial < kTrials; ++trial) {
    Sample sample;
    for (int user = 0; user < kUsers; ++user) {
      const auto payments = static_cast<std::size_t>(1 + random() % 5);
      const double own = 5 - static_cast<double>(payments) + normal(random);
      std::vector<double> values;
      for (std::size_t k = 0; k < payments; ++k) {
        values.push_back(own + normal(random));
      }
      sample.AddUser(values);
    }
    const double truth = kMean * sample.size.payments;
    const auto holds = [truth](const Estimate& total) {
      return total.low <= truth && truth <= total.high ? 1 : 0;
    };
    held += holds(TotalOf(sample.sum, sample.size));
    held_if_independent +=
        holds(TotalOf(sample.sum, {sample.size.payments, 0}));
  }
  EXPECT_NEAR(held / static_cast<double>(kTrials), 0.95, 0.02);
  EXPECT_LT(held_if_independent / static_cast<double>(kTrials), 0.85);
}

}  // namespace
}  // namespace tenuto
