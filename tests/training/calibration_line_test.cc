#include "training/calibration_line.h"

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace tenuto {
namespace {

struct Row {
  double logit;
  float label;
  std::uint32_t group;
};

double Share(std::mt19937_64& random) {
  return static_cast<double>(random() >> 11) * 0x1p-53;
}

// Labels come of another line than the ideal one.
std::vector<Row> RandomRows(std::uint64_t seed, std::uint32_t groups) {
  std::mt19937_64 random(seed);
  std::vector<Row> rows;
  for (std::uint32_t group = 0; group < groups; ++group) {
    const double own = -3 + 2 * Share(random);
    for (int k = 0; k < 8; ++k) {
      const double logit = own + Share(random);
      const double p = 1 / (1 + std::exp(-(0.4 + 0.8 * logit)));
      rows.push_back({logit, Share(random) < p ? 1.0f : 0.0f, group});
    }
  }
  return rows;
}

CalibrationLine LineOf(const std::vector<Row>& rows) {
  CalibrationLine line;
  for (const Row& row : rows) line.Add(row.logit, row.label, row.group);
  return line;
}

// Of the log likelihood at a line.
void Gradient(const std::vector<Row>& rows, const std::vector<double>& weights,
              const CalibrationLine::Line& line, double& g0, double& g1) {
  g0 = g1 = 0;
  for (const Row& row : rows) {
    const double p =
        1 / (1 + std::exp(-(line.intercept + line.slope * row.logit)));
    const double error =
        weights[row.group] * (static_cast<double>(row.label) - p);
    g0 += error;
    g1 += error * row.logit;
  }
}

TEST(CalibrationLine, IsWhereTheLikelihoodIsHighest) {
  const std::vector<Row> rows = RandomRows(1, 400);
  CalibrationLine line = LineOf(rows);
  const std::vector<double> weights(400, 1.0);
  const CalibrationLine::Line found = line.Fit(weights);
  double g0 = 0, g1 = 0;
  Gradient(rows, weights, found, g0, g1);
  EXPECT_NEAR(g0, 0, 1e-9);
  EXPECT_NEAR(g1, 0, 1e-9);
  EXPECT_NEAR(found.slope, 0.8, 0.3);
  EXPECT_NEAR(found.intercept, 0.4, 0.6);
}

// The reference looks at every row for every step.
TEST(CalibrationLine, FindsThatOfADrawWithoutLookingAtItsRows) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    const std::vector<Row> rows = RandomRows(seed, 500);
    CalibrationLine line = LineOf(rows);
    line.Fit(std::vector<double>(500, 1.0));
    std::mt19937_64 random(seed + 1000);
    std::vector<double> weights(500, 0.0);
    for (int k = 0; k < 500; ++k) weights[random() % 500] += 1;
    const CalibrationLine::Line drawn = line.FitDraw(weights);
    const CalibrationLine::Line expected = LineOf(rows).Fit(weights);
    EXPECT_NEAR(drawn.intercept, expected.intercept, 1e-5);
    EXPECT_NEAR(drawn.slope, expected.slope, 1e-5);
  }
}

// Where the series would be wrong the rows decide.
TEST(CalibrationLine, FindsThatOfADrawFarFromTheWhole) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    std::vector<Row> rows = RandomRows(seed, 300);
    // A third behaves the other way round, and the draw has no others.
    std::vector<double> weights(300, 0.0);
    for (Row& row : rows) {
      if (row.group % 3 != 0) continue;
      row.label = row.logit < -2 ? 1.0f : 0.0f;
      if (row.group % 2 == 0) row.label = 1.0f - row.label;
      weights[row.group] = row.group % 2 == 0 ? 1 : 3;
    }
    CalibrationLine line = LineOf(rows);
    const CalibrationLine::Line whole = line.Fit(std::vector<double>(300, 1.0));
    const CalibrationLine::Line drawn = line.FitDraw(weights);
    const CalibrationLine::Line expected = LineOf(rows).Fit(weights);
    EXPECT_GT(std::abs(expected.slope - whole.slope), 0.5) << "far enough";
    EXPECT_NEAR(drawn.intercept, expected.intercept, 1e-4);
    EXPECT_NEAR(drawn.slope, expected.slope, 1e-4);
  }
}

TEST(CalibrationLine, OfNoWeightIsTheIdealOne) {
  CalibrationLine line = LineOf(RandomRows(3, 20));
  const CalibrationLine::Line found = line.Fit(std::vector<double>(20, 0.0));
  EXPECT_EQ(found.intercept, 0);
  EXPECT_EQ(found.slope, 1);
}

}  // namespace
}  // namespace tenuto
