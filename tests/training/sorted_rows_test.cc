#include "training/sorted_rows.h"

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace tenuto {
namespace {

struct Rows {
  std::vector<double> probabilities, constants;
  std::vector<float> labels;
  std::vector<std::uint64_t> groups;

  void Add(double probability, float label, std::uint64_t group) {
    probabilities.push_back(probability);
    constants.push_back(0.2);
    labels.push_back(label);
    groups.push_back(group);
  }
  ScoredRows view() const { return {probabilities, labels, groups}; }
};

// Two or three rows a user; with `steps`, probabilities tie.
Rows RandomRows(std::uint64_t seed, int steps) {
  std::mt19937_64 random(seed);
  const auto share = [&] {
    return static_cast<double>(random() >> 11) * 0x1p-53;
  };
  Rows rows;
  for (std::uint64_t user = 0; user < 200; ++user) {
    for (std::uint64_t k = 0; k < 2 + random() % 2; ++k) {
      double p = 0.02 + 0.9 * share() * share();
      if (steps > 0) p = (std::floor(p * steps) + 0.5) / steps;
      rows.Add(p, share() < p ? 1.0f : 0.0f, user * 31);
    }
  }
  return rows;
}

TEST(SortedRows, MeasuresADrawAsRowsThatStandThereSoManyTimes) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    const Rows rows = RandomRows(seed, seed % 2 == 0 ? 9 : 0);
    GroupNumbers numbers;
    SortedRows sorted(rows.view(), rows.constants, numbers);
    sorted.Measure(
        std::vector<double>(static_cast<std::size_t>(numbers.count()), 1.0));
    std::mt19937_64 random(seed + 100);
    std::vector<double> weights;
    for (int g = 0; g < numbers.count(); ++g) {
      weights.push_back(static_cast<double>(random() % 4));
    }
    Figures drawn;
    ASSERT_TRUE(sorted.MeasureDraw(weights, drawn));

    Rows copies;
    for (std::size_t r = 0; r < rows.labels.size(); ++r) {
      const int times = static_cast<int>(
          weights[static_cast<std::size_t>(numbers.Of(rows.groups[r]))]);
      for (int k = 0; k < times; ++k) {
        copies.Add(rows.probabilities[r], rows.labels[r], rows.groups[r]);
      }
    }
    GroupNumbers others;
    SortedRows written_out(copies.view(), copies.constants, others);
    const Figures expected = written_out.Measure(
        std::vector<double>(static_cast<std::size_t>(others.count()), 1.0));
    EXPECT_NEAR(drawn.auc, expected.auc, 1e-12);
    EXPECT_NEAR(drawn.average_precision, expected.average_precision, 1e-9)
        << "copies of a row are ties";
    EXPECT_NEAR(drawn.log_loss, expected.log_loss, 1e-12);
    EXPECT_NEAR(drawn.log_loss_constant, expected.log_loss_constant, 1e-12);
    EXPECT_NEAR(drawn.brier, expected.brier, 1e-12);
    EXPECT_NEAR(drawn.ece, expected.ece, 1e-12);
    EXPECT_NEAR(drawn.lift, expected.lift, 1e-12);
    EXPECT_NEAR(drawn.slope, expected.slope, 1e-5);
    EXPECT_NEAR(drawn.intercept, expected.intercept, 1e-5);
    Figures basics;
    ASSERT_TRUE(sorted.MeasureBasics(weights, basics));
    EXPECT_EQ(basics.auc, drawn.auc);
    EXPECT_EQ(basics.log_loss, drawn.log_loss);
    EXPECT_EQ(sorted.WeightOf(weights),
              static_cast<double>(copies.labels.size()));
  }
}

TEST(SortedRows, RefusesADrawOfOneClass) {
  Rows rows;
  rows.Add(0.5, 1, 1);
  rows.Add(0.4, 0, 2);
  GroupNumbers numbers;
  SortedRows sorted(rows.view(), rows.constants, numbers);
  sorted.Measure(std::vector<double>{1, 1});
  Figures drawn;
  EXPECT_FALSE(sorted.MeasureDraw(std::vector<double>{2, 0}, drawn));
  EXPECT_FALSE(sorted.MeasureDraw(std::vector<double>{0, 2}, drawn));
  EXPECT_FALSE(sorted.MeasureBasics(std::vector<double>{0, 2}, drawn));
  EXPECT_TRUE(sorted.MeasureBasics(std::vector<double>{1, 1}, drawn));
}

}  // namespace
}  // namespace tenuto
