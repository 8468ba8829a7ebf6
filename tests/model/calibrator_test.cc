#include "model/calibrator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace tenuto {
namespace {

constexpr std::uint64_t kSeed = 20240611;

struct Slice {
  std::vector<float> margins;
  std::vector<float> labels;
};

double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// Margins around -2 whose labels follow sigmoid(intercept + slope * margin).
Slice Draw(int rows, double intercept, double slope, std::mt19937_64& random) {
  std::normal_distribution<double> normal(-2, 1.2);
  std::uniform_real_distribution<double> uniform(0, 1);
  Slice slice;
  for (int k = 0; k < rows; ++k) {
    slice.margins.push_back(static_cast<float>(normal(random)));
    const double p = Sigmoid(intercept + slope * slice.margins.back());
    slice.labels.push_back(uniform(random) < p ? 1.0f : 0.0f);
  }
  return slice;
}

Calibrator Fitted(const Slice& slice) {
  auto calibrator =
      Calibrator::Create(Calibrator::Fit(slice.margins, slice.labels));
  EXPECT_TRUE(calibrator.ok()) << calibrator.status();
  return *std::move(calibrator);
}

TEST(Calibrator, RecoversTheParametersItWasDrawnFrom) {
  std::mt19937_64 random(kSeed);
  const Slice slice = Draw(200'000, 0.4, 0.7, random);
  const v1::Calibration fitted = Calibrator::Fit(slice.margins, slice.labels);
  EXPECT_NEAR(fitted.intercept(), 0.4, 0.03);
  EXPECT_NEAR(fitted.slope(), 0.7, 0.02);
  EXPECT_GT(fitted.var_slope(), 0);
  EXPECT_LT(std::sqrt(fitted.var_slope()), 0.02);
}

TEST(Calibrator, SolvesTheLikelihoodEquations) {
  std::mt19937_64 random(kSeed);
  const Slice slice = Draw(500, -0.5, 1.4, random);
  const v1::Calibration fitted = Calibrator::Fit(slice.margins, slice.labels);
  double positives = 0;
  for (const float label : slice.labels) positives += label;
  const double negatives = 500 - positives;
  double g0 = 0, g1 = 0;
  for (std::size_t k = 0; k < slice.margins.size(); ++k) {
    const double target = slice.labels[k] > 0.5f
                              ? (positives + 1) / (positives + 2)
                              : 1 / (negatives + 2);
    const double error = target - Sigmoid(fitted.intercept() +
                                          fitted.slope() * slice.margins[k]);
    g0 += error;
    g1 += error * slice.margins[k];
  }
  EXPECT_NEAR(g0, 0, 1e-6);
  EXPECT_NEAR(g1, 0, 1e-6);
}

TEST(Calibrator, KeepsTheOrderOfMargins) {
  std::mt19937_64 random(kSeed);
  const Calibrator calibrator = Fitted(Draw(400, 1, 0.3, random));
  double last = 0;
  for (float margin = -40; margin <= 40; margin += 0.25f) {
    const double probability = calibrator.Probability(margin);
    EXPECT_GE(probability, last) << margin;
    EXPECT_TRUE(probability > 0 && probability < 1) << margin;
    last = probability;
  }
}

TEST(Calibrator, StaysFiniteAtExtremeMargins) {
  std::mt19937_64 random(kSeed);
  const Calibrator calibrator = Fitted(Draw(400, 0, 1, random));
  constexpr float kHuge = std::numeric_limits<float>::max();
  for (const float margin : {-kHuge, -1e6f, 0.0f, 1e6f, kHuge}) {
    const ProbabilityInterval interval = calibrator.Interval(margin);
    EXPECT_TRUE(std::isfinite(calibrator.Probability(margin))) << margin;
    EXPECT_TRUE(interval.low >= 0 && interval.low <= interval.high &&
                interval.high <= 1)
        << margin << ": " << interval.low << " to " << interval.high;
  }
}

TEST(Calibrator, FitsOnlyTheInterceptWithOneClass) {
  const std::vector<float> margins = {-3, -2, -1, 0, 1};
  for (const float label : {0.0f, 1.0f}) {
    const std::vector<float> labels(margins.size(), label);
    const v1::Calibration fitted = Calibrator::Fit(margins, labels);
    EXPECT_EQ(fitted.slope(), 1);
    const auto calibrator = Calibrator::Create(fitted);
    ASSERT_TRUE(calibrator.ok()) << calibrator.status();
    EXPECT_EQ(calibrator->Probability(-1) > 0.5, label > 0.5f);
  }
}

TEST(Calibrator, GivesTheBaseRateInOrderWhenLabelsContradictTheMargins) {
  std::mt19937_64 random(kSeed);
  const Slice slice = Draw(2000, -2, -1, random);
  double rate = 0;
  for (const float label : slice.labels) rate += static_cast<double>(label);
  rate /= 2000;
  const Calibrator calibrator = Fitted(slice);
  for (float margin = -6; margin < 2; margin += 0.01f) {
    EXPECT_NEAR(calibrator.Probability(margin), rate, 1e-6) << margin;
    EXPECT_LT(calibrator.Probability(margin),
              calibrator.Probability(margin + 0.01f));
    const ProbabilityInterval interval = calibrator.Interval(margin);
    EXPECT_LT(interval.low, rate);
    EXPECT_GT(interval.high, rate);
  }
}

// The sigmoid as it is written with a branch, neither side of which overflows.
double BranchedSigmoid(double x) {
  if (x >= 0) return 1 / (1 + std::exp(-x));
  const double e = std::exp(x);
  return e / (1 + e);
}

TEST(Calibrator, EqualsTheBranchedSigmoidBitForBit) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::vector<double> margins = {0.0,   1e-320, 1e-17, 36.7, 37,       709.7,
                                 709.8, 745.1,  746,   1e30, kInfinity};
  std::mt19937_64 random(kSeed);
  for (int k = 0; k < 100'000; ++k) {
    const double size = std::exp2(static_cast<double>(k % 64) - 53);
    margins.push_back(std::generate_canonical<double, 53>(random) * size);
  }
  for (const double size : margins) {
    for (const double x : {size, -size}) {
      v1::Calibration parameters;
      // A margin of infinity, or none: the intercept is the whole of x.
      const bool finite = std::isfinite(x);
      parameters.set_slope(1);
      parameters.set_intercept(finite ? x : 0);
      parameters.set_probability_min(std::numeric_limits<double>::denorm_min());
      parameters.set_probability_max(1 - 0x1.0p-53);
      const auto calibrator = Calibrator::Create(parameters);
      ASSERT_TRUE(calibrator.ok()) << calibrator.status();
      const double expected =
          std::clamp(BranchedSigmoid(x), parameters.probability_min(),
                     parameters.probability_max());
      ASSERT_EQ(std::bit_cast<std::uint64_t>(calibrator->Probability(
                    finite ? -0.0f : static_cast<float>(x))),
                std::bit_cast<std::uint64_t>(expected))
          << x;
    }
  }
}

TEST(Calibrator, TakesASingleRowAndEqualMargins) {
  const std::vector<float> one = {2.5f}, yes = {1};
  EXPECT_TRUE(Calibrator::Create(Calibrator::Fit(one, yes)).ok());
  const std::vector<float> same(20, -1.0f);
  std::vector<float> labels(20, 0.0f);
  labels[3] = 1;
  const Calibrator calibrator = Fitted({same, labels});
  EXPECT_NEAR(calibrator.Probability(-1), 0.1, 0.06);
}

TEST(Calibrator, CoversTheTrueProbabilityNineTimesInTen) {
  std::mt19937_64 random(kSeed);
  constexpr int kSlices = 300;
  int covered = 0, asked = 0;
  for (int k = 0; k < kSlices; ++k) {
    const Calibrator calibrator = Fitted(Draw(1500, 0.2, 0.9, random));
    for (const float margin : {-3.0f, -1.0f}) {
      const double truth = Sigmoid(0.2 + 0.9 * static_cast<double>(margin));
      const ProbabilityInterval interval = calibrator.Interval(margin);
      covered += truth >= interval.low && truth <= interval.high;
      ++asked;
    }
  }
  const double coverage = static_cast<double>(covered) / asked;
  EXPECT_GE(coverage, 0.85);
  EXPECT_LE(coverage, 0.95);
}

TEST(Calibrator, RefusesParametersThatWouldMislead) {
  v1::Calibration good;
  good.set_slope(1);
  good.set_probability_min(0.001);
  good.set_probability_max(0.999);
  ASSERT_TRUE(Calibrator::Create(good).ok());
  std::vector<v1::Calibration> bad(6, good);
  bad[0].set_slope(0);
  bad[1].set_slope(-1);
  bad[2].set_intercept(std::numeric_limits<double>::quiet_NaN());
  bad[3].set_probability_min(0);
  bad[4].set_probability_max(1);
  bad[5].set_probability_min(0.9995);
  for (const v1::Calibration& parameters : bad) {
    EXPECT_EQ(Calibrator::Create(parameters).status().code(),
              absl::StatusCode::kInvalidArgument)
        << parameters.DebugString();
  }
}

// Few rows and margins that say little: a step of Newton's method that is cut
// without its direction runs away.
TEST(Calibrator, IsNeverWorseThanTheBaseRateOnItsOwnSlice) {
  std::mt19937_64 random(kSeed);
  SCOPED_TRACE(kSeed);
  for (int trial = 0; trial < 300; ++trial) {
    std::normal_distribution<double> normal(-1, 0.02 + 0.01 * (trial % 30));
    std::bernoulli_distribution positive(0.05 + 0.03 * (trial % 10));
    Slice slice;
    double rate = 0;
    for (int k = 0; k < 120; ++k) {
      slice.margins.push_back(static_cast<float>(normal(random)));
      slice.labels.push_back(positive(random) ? 1.0f : 0.0f);
      rate += static_cast<double>(slice.labels.back()) / 120;
    }
    if (rate <= 0 || rate >= 1) continue;
    const Calibrator calibrator = Fitted(slice);
    double loss = 0;
    double constant = 0;
    for (std::size_t k = 0; k < slice.labels.size(); ++k) {
      const double p = calibrator.Probability(slice.margins[k]);
      loss -= std::log(slice.labels[k] > 0.5f ? p : 1 - p);
      constant -= std::log(slice.labels[k] > 0.5f ? rate : 1 - rate);
    }
    EXPECT_LE(loss, constant * (1 + 1e-6)) << "trial " << trial;
  }
}

}  // namespace
}  // namespace tenuto
