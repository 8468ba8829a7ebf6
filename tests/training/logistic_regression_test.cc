#include "training/logistic_regression.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "training/evaluator.h"

namespace tenuto {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

double TrueProbability(absl::Span<const float> row) {
  const double of_second = std::isnan(row[1]) ? 1.2 : 0.02 * (row[1] - 100);
  return 1 / (1 + std::exp(-(-0.5 + 1.5 * row[0] + of_second)));
}

// Columns on scales far apart; where the second is missing, that says much.
TrainingMatrix MakeRows(int count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto share = [&random] {
    return static_cast<double>(random() >> 11) * 0x1p-53;
  };
  TrainingMatrix rows;
  rows.columns = {"small", "large", "constant"};
  for (int r = 0; r < count; ++r) {
    rows.values.push_back(static_cast<float>(2 * share() - 1));
    const bool missing = share() < 0.2;
    rows.values.push_back(missing ? kNaN
                                  : static_cast<float>(50 + 100 * share()));
    rows.values.push_back(3.5f);
    rows.labels.push_back(0);
    rows.groups.push_back(static_cast<std::uint64_t>(r));
    rows.times_s.push_back(r);
    rows.labels.back() = share() < TrueProbability(rows.row(r)) ? 1.0f : 0.0f;
  }
  return rows;
}

double MeanError(const LogisticRegression& fitted, const TrainingMatrix& rows) {
  const std::vector<double> found = fitted.Predict(rows);
  double sum = 0;
  for (int r = 0; r < rows.rows(); ++r) {
    sum += std::abs(found[static_cast<std::size_t>(r)] -
                    TrueProbability(rows.row(r)));
  }
  return sum / rows.rows();
}

TEST(LogisticRegression, FindsTheTruthWhateverTheScale) {
  TrainingMatrix train = MakeRows(20'000, 1);
  TrainingMatrix test = MakeRows(2'000, 2);
  auto fitted = LogisticRegression::Fit(train, 1e-3);
  ASSERT_TRUE(fitted.ok()) << fitted.status();
  const std::vector<double> before = fitted->Predict(test);
  EXPECT_LT(MeanError(*fitted, test), 0.015);
  // Other units are the same question.
  for (TrainingMatrix* rows : {&train, &test}) {
    for (std::size_t k = 0; k < rows->values.size(); k += 3) {
      rows->values[k] *= 4'096;
    }
  }
  fitted = LogisticRegression::Fit(train, 1e-3);
  ASSERT_TRUE(fitted.ok());
  const std::vector<double> after = fitted->Predict(test);
  for (std::size_t r = 0; r < after.size(); ++r) {
    EXPECT_NEAR(before[r], after[r], 1e-6);
  }
}

TEST(LogisticRegression, IsTheMaximumOfThePenalisedLikelihood) {
  // By hand: one column of -1 and 1 is its own standardisation, so with k of n
  // successes at 1 and n - k at -1 the optimum is intercept 0 and the weight w
  // where 2 (k - n sigmoid(w)) = l2 w.
  TrainingMatrix rows;
  rows.columns = {"sign"};
  constexpr int kEach = 100, kSuccesses = 80;
  for (const int sign : {-1, 1}) {
    for (int r = 0; r < kEach; ++r) {
      rows.values.push_back(static_cast<float>(sign));
      const bool success = sign == 1 ? r < kSuccesses : r >= kSuccesses;
      rows.labels.push_back(success ? 1.0f : 0.0f);
      rows.groups.push_back(0);
      rows.times_s.push_back(0);
    }
  }
  for (const double l2 : {1e-6, 1.0, 50.0}) {
    const auto fitted = LogisticRegression::Fit(rows, l2);
    ASSERT_TRUE(fitted.ok());
    const double p = fitted->Predict(rows).back();
    const double weight = std::log(p / (1 - p));
    EXPECT_NEAR(2 * (kSuccesses - kEach * p), l2 * weight, 1e-5) << l2;
    EXPECT_NEAR(fitted->Predict(rows).front(), 1 - p, 1e-9);
  }
}

TEST(LogisticRegression, ShrinksToTheBaseRate) {
  const TrainingMatrix train = MakeRows(2'000, 3);
  const auto fitted = LogisticRegression::Fit(train, 1e9);
  ASSERT_TRUE(fitted.ok());
  const double rate = static_cast<double>(train.positives()) / train.rows();
  for (const double p : fitted->Predict(train)) EXPECT_NEAR(p, rate, 1e-3);
}

TEST(LogisticRegression, StaysFiniteWhenClassesAreSeparable) {
  TrainingMatrix rows = MakeRows(500, 4);
  for (int r = 0; r < rows.rows(); ++r) {
    rows.labels[static_cast<std::size_t>(r)] = rows.row(r)[0] > 0 ? 1.0f : 0.0f;
  }
  const auto fitted = LogisticRegression::Fit(rows, 1);
  ASSERT_TRUE(fitted.ok());
  const std::vector<double> p = fitted->Predict(rows);
  EXPECT_GT(Auc(p, rows.labels), 0.999);
  for (const double each : p) EXPECT_TRUE(each > 0 && each < 1);
}

TEST(LogisticRegression, TakesColumnsThatAreAlwaysOrNeverMissing) {
  TrainingMatrix rows = MakeRows(300, 5);
  for (std::size_t k = 2; k < rows.values.size(); k += 3) {
    rows.values[k] = kNaN;
  }
  const auto fitted = LogisticRegression::Fit(rows, 1);
  ASSERT_TRUE(fitted.ok());
  // A cell missing for the first time after fitting counts as the mean.
  TrainingMatrix later = rows;
  later.values[0] = kNaN;
  later.values[2] = 1;
  for (const double p : fitted->Predict(later)) {
    EXPECT_TRUE(std::isfinite(p));
  }
}

TEST(LogisticRegression, KeepsALargeOffsetFromDrowningTheColumn) {
  // Epoch seconds, a few days apart.
  TrainingMatrix rows = MakeRows(4'000, 6);
  for (std::size_t k = 0; k < rows.values.size(); k += 3) {
    rows.values[k] = 1.7e9f + 300'000 * rows.values[k];
  }
  const auto fitted = LogisticRegression::Fit(rows, 1);
  ASSERT_TRUE(fitted.ok());
  EXPECT_GT(Auc(fitted->Predict(rows), rows.labels), 0.75);
}

TEST(LogisticRegression, RefusesRowsOfOneClass) {
  TrainingMatrix rows = MakeRows(50, 7);
  for (float& label : rows.labels) label = 1;
  EXPECT_EQ(LogisticRegression::Fit(rows, 1).status().code(),
            absl::StatusCode::kInvalidArgument);
}

// Few positives and many columns that are nearly always the same: full Newton
// steps run in circles on such rows.
TEST(LogisticRegression, ConvergesWhereColumnsNearlySeparateTheClasses) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    std::mt19937_64 random(seed);
    TrainingMatrix rows;
    for (int c = 0; c < 120; ++c) rows.columns.push_back("rare");
    double positives = 0;
    for (int r = 0; r < 1500; ++r) {
      double evidence = 0;
      for (int c = 0; c < 120; ++c) {
        const bool rare = random() % 100 == 0;
        const float value = rare ? static_cast<float>(1 + random() % 300) : 0;
        rows.values.push_back(value);
        if (rare && c < 20) evidence += 1;
      }
      const bool positive = evidence > 0 && random() % 3 != 0;
      rows.labels.push_back(positive || random() % 200 == 0 ? 1.0f : 0.0f);
      positives += static_cast<double>(rows.labels.back());
      rows.groups.push_back(static_cast<std::uint64_t>(r));
      rows.times_s.push_back(r);
    }
    const auto fitted = LogisticRegression::Fit(rows, 1);
    ASSERT_TRUE(fitted.ok()) << fitted.status();
    // At the optimum an intercept without penalty makes the sums equal.
    double sum = 0;
    for (const double p : fitted->Predict(rows)) sum += p;
    EXPECT_NEAR(sum, positives, 1e-3) << "seed " << seed;
  }
}

}  // namespace
}  // namespace tenuto
