#include "training/evaluator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <vector>

namespace tenuto {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Rows of users, three each, scored with calibrated probabilities.
struct Rows {
  std::vector<double> probabilities;
  std::vector<float> labels;
  std::vector<std::uint64_t> groups;
  ScoredRows view() const { return {probabilities, labels, groups}; }
  std::vector<double> constants() const {
    return std::vector<double>(probabilities.size(), 0.3);
  }
};

// With `steps`, probabilities are rounded to that many values: ties.
Rows MakeRows(int count, std::uint64_t seed, int steps = 0) {
  std::mt19937_64 random(seed);
  const auto share = [&random] {
    return static_cast<double>(random() >> 11) * 0x1p-53;
  };
  Rows rows;
  for (int r = 0; r < count; ++r) {
    double p = 0.02 + 0.9 * share() * share();
    if (steps > 0) p = (std::floor(p * steps) + 0.5) / steps;
    rows.probabilities.push_back(p);
    rows.labels.push_back(share() < p ? 1.0f : 0.0f);
    rows.groups.push_back(static_cast<std::uint64_t>(r / 3) * 977);
  }
  return rows;
}

// The same rows in another order.
Rows Shuffled(const Rows& rows, std::uint64_t seed) {
  std::vector<std::size_t> order(rows.labels.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::mt19937_64 random(seed);
  std::shuffle(order.begin(), order.end(), random);
  Rows shuffled;
  for (const std::size_t r : order) {
    shuffled.probabilities.push_back(rows.probabilities[r]);
    shuffled.labels.push_back(rows.labels[r]);
    shuffled.groups.push_back(rows.groups[r]);
  }
  return shuffled;
}

Evaluation Evaluated(const Rows& rows, int rounds = 0) {
  auto evaluation = Evaluate(rows.view(), rows.constants(), 1, rounds);
  EXPECT_TRUE(evaluation.ok()) << evaluation.status();
  return *std::move(evaluation);
}

// Every pair of a positive and a negative, half for a tie.
double NaiveAuc(const Rows& rows) {
  double won = 0, pairs = 0;
  for (std::size_t i = 0; i < rows.labels.size(); ++i) {
    for (std::size_t j = 0; j < rows.labels.size(); ++j) {
      if (rows.labels[i] <= rows.labels[j]) continue;
      const double by = rows.probabilities[i] - rows.probabilities[j];
      won += by > 0 ? 1 : by == 0 ? 0.5 : 0;
      ++pairs;
    }
  }
  return won / pairs;
}

// Precision at every distinct threshold, weighted with the recall it adds.
double NaiveAveragePrecision(const Rows& rows) {
  std::vector<double> thresholds = rows.probabilities;
  std::sort(thresholds.rbegin(), thresholds.rend());
  const double positives =
      std::accumulate(rows.labels.begin(), rows.labels.end(), 0.0);
  double sum = 0, recall_before = 0;
  for (const double threshold : thresholds) {
    double found = 0, taken = 0;
    for (std::size_t r = 0; r < rows.labels.size(); ++r) {
      if (rows.probabilities[r] < threshold) continue;
      ++taken;
      found += double{rows.labels[r]};
    }
    sum += (found / positives - recall_before) * found / taken;
    recall_before = found / positives;
  }
  return sum;
}

TEST(Evaluator, EqualsTheNaiveFigures) {
  for (const int steps : {0, 7, 40}) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      const Rows rows = MakeRows(300, seed, steps);
      const Evaluation got = Evaluated(rows);
      double log_loss = 0, constant = 0, brier = 0;
      for (std::size_t r = 0; r < rows.labels.size(); ++r) {
        const double y = rows.labels[r], p = rows.probabilities[r];
        log_loss -= (y * std::log(p) + (1 - y) * std::log(1 - p)) / 300;
        constant -= (y * std::log(0.3) + (1 - y) * std::log(0.7)) / 300;
        brier += (y - p) * (y - p) / 300;
      }
      EXPECT_NEAR(got.auc.value, NaiveAuc(rows), 1e-12);
      EXPECT_NEAR(Auc(rows.probabilities, rows.labels), NaiveAuc(rows), 1e-12);
      EXPECT_NEAR(got.average_precision.value, NaiveAveragePrecision(rows),
                  1e-12);
      EXPECT_NEAR(got.log_loss.value, log_loss, 1e-12);
      EXPECT_NEAR(LogLoss(rows.probabilities, rows.labels), log_loss, 1e-12);
      EXPECT_NEAR(got.log_loss_constant.value, constant, 1e-12);
      EXPECT_NEAR(got.brier.value, brier, 1e-12);
    }
  }
}

TEST(Evaluator, MeasuresCalibrationErrorInTwentyBinsOfEqualMass) {
  Rows rows = MakeRows(400, 3);
  // The same in words: 20 rows a bin, from the highest probabilities down.
  std::vector<std::size_t> order(400);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return rows.probabilities[a] > rows.probabilities[b];
  });
  double expected = 0;
  for (std::size_t bin = 0; bin < 20; ++bin) {
    double surplus = 0;
    for (std::size_t k = bin * 20; k < bin * 20 + 20; ++k) {
      surplus += double{rows.labels[order[k]]} - rows.probabilities[order[k]];
    }
    expected += std::abs(surplus) / 400;
  }
  EXPECT_NEAR(Evaluated(rows).ece.value, expected, 1e-12);
}

TEST(Evaluator, DoesNotDependOnTheOrderOfTiedRows) {
  for (const int steps : {1, 3, 10}) {
    const Rows rows = MakeRows(900, 4, steps);
    const Evaluation first = Evaluated(rows);
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      const Evaluation again = Evaluated(Shuffled(rows, seed));
      EXPECT_NEAR(first.auc.value, again.auc.value, 1e-12);
      EXPECT_NEAR(first.average_precision.value, again.average_precision.value,
                  1e-12);
      EXPECT_NEAR(first.ece.value, again.ece.value, 1e-12);
      EXPECT_NEAR(first.lift_top_decile.value, again.lift_top_decile.value,
                  1e-12);
      ASSERT_EQ(first.deciles.size(), again.deciles.size());
      for (std::size_t d = 0; d < first.deciles.size(); ++d) {
        EXPECT_EQ(first.deciles[d].rows, again.deciles[d].rows);
        EXPECT_EQ(first.deciles[d].positives, again.deciles[d].positives);
      }
    }
  }
}

TEST(Evaluator, FindsNoCalibrationErrorInTheRightConstant) {
  Rows rows = MakeRows(1'000, 5);
  const double rate =
      std::accumulate(rows.labels.begin(), rows.labels.end(), 0.0) / 1'000;
  std::fill(rows.probabilities.begin(), rows.probabilities.end(), rate);
  const Evaluation got = Evaluated(rows);
  EXPECT_NEAR(got.ece.value, 0, 1e-12);
  EXPECT_NEAR(got.auc.value, 0.5, 1e-12);
  EXPECT_NEAR(got.lift_top_decile.value, 1, 1e-12);
}

TEST(Evaluator, SeesTooBoldProbabilities) {
  Rows rows = MakeRows(20'000, 6);
  EXPECT_NEAR(Evaluated(rows).calibration_slope.value, 1, 0.06);
  EXPECT_NEAR(Evaluated(rows).calibration_intercept.value, 0, 0.1);
  // Twice the log-odds, and half a unit too high.
  for (double& p : rows.probabilities) {
    p = 1 / (1 + std::exp(-(2 * std::log(p / (1 - p)) + 0.5)));
  }
  EXPECT_NEAR(Evaluated(rows).calibration_slope.value, 0.5, 0.03);
  EXPECT_NEAR(Evaluated(rows).calibration_intercept.value, -0.25, 0.1);
}

TEST(Evaluator, CountsDeciles) {
  const Rows rows = MakeRows(1'000, 7);
  const Evaluation got = Evaluated(rows);
  ASSERT_EQ(got.deciles.size(), 10u);
  std::int64_t positives = 0;
  for (const DecileLine& line : got.deciles) {
    EXPECT_EQ(line.rows, 100);
    positives += line.positives;
    EXPECT_NEAR(
        line.gain,
        static_cast<double>(positives) / static_cast<double>(got.positives),
        1e-12);
  }
  EXPECT_EQ(positives, got.positives);
  EXPECT_NEAR(got.deciles[0].lift, got.lift_top_decile.value, 1e-12);
  EXPECT_GT(got.deciles[0].mean_probability, got.deciles[9].mean_probability);
}

TEST(Evaluator, KeepsTheFigureInsideItsInterval) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    const Evaluation got = Evaluated(MakeRows(600, seed), 200);
    for (const Estimate& figure :
         {got.auc, got.average_precision, got.log_loss, got.log_loss_constant,
          got.brier, got.ece, got.calibration_slope, got.calibration_intercept,
          got.lift_top_decile}) {
      EXPECT_LT(figure.low, figure.high);
      EXPECT_LE(figure.low, figure.value);
      EXPECT_GE(figure.high, figure.value);
    }
  }
}

TEST(Evaluator, CoversTheTruthInMostRepetitions) {
  const Rows population = MakeRows(100'000, 8);
  const double truth = Auc(population.probabilities, population.labels);
  int covered = 0;
  for (std::uint64_t seed = 100; seed < 200; ++seed) {
    const Rows rows = MakeRows(450, seed);
    const auto got = Evaluate(rows.view(), rows.constants(), seed, 150);
    ASSERT_TRUE(got.ok());
    covered += got->auc.low <= truth && truth <= got->auc.high;
  }
  EXPECT_GE(covered, 85);  // 95 expected; 85 is 4.6 deviations below.
}

TEST(Evaluator, DrawsWholeUsersSoThatCopiesOfRowsGainNothing) {
  const Rows rows = MakeRows(900, 9);
  Rows copies;
  for (int copy = 0; copy < 4; ++copy) {
    for (std::size_t r = 0; r < rows.labels.size(); ++r) {
      copies.probabilities.push_back(rows.probabilities[r]);
      copies.labels.push_back(rows.labels[r]);
      copies.groups.push_back(rows.groups[r]);
    }
  }
  const Estimate once = Evaluated(rows, 300).auc;
  const Estimate often = Evaluated(copies, 300).auc;
  EXPECT_NEAR(once.value, often.value, 1e-12);
  EXPECT_NEAR(once.high - once.low, often.high - often.low,
              0.02 * (once.high - once.low));
}

TEST(Evaluator, GivesTheSameIntervalsForTheSameSeed) {
  const Rows rows = MakeRows(500, 10);
  const auto a = Evaluate(rows.view(), rows.constants(), 5, 50);
  const auto b = Evaluate(rows.view(), rows.constants(), 5, 50);
  const auto c = Evaluate(rows.view(), rows.constants(), 6, 50);
  ASSERT_TRUE(a.ok() && b.ok() && c.ok());
  EXPECT_EQ(FormatEvaluation(*a), FormatEvaluation(*b));
  EXPECT_NE(FormatEvaluation(*a), FormatEvaluation(*c));
}

TEST(Evaluator, IsQuick) {
  const Rows rows = MakeRows(10'000, 11);
  const auto start = std::chrono::steady_clock::now();
  Evaluated(rows, 500);
  const std::chrono::duration<double> took =
      std::chrono::steady_clock::now() - start;
  RecordProperty("milliseconds", static_cast<int>(took.count() * 1'000));
  EXPECT_LT(took.count(), 10) << "0.4 s on a quiet machine";
}

TEST(ComparePaired, IsZeroForTheSameModel) {
  const Rows rows = MakeRows(500, 12);
  const PairedWindow window{rows.view(), rows.probabilities};
  const auto same = ComparePaired(absl::MakeConstSpan(&window, 1), 1, 50);
  ASSERT_TRUE(same.ok()) << same.status();
  for (const double zero : {same->auc.value, same->auc.low, same->auc.high,
                            same->log_loss.low, same->log_loss.high}) {
    EXPECT_EQ(zero, 0);
  }
}

TEST(ComparePaired, AveragesWindowsAndPoolsLosses) {
  std::vector<Rows> rows = {MakeRows(600, 13), MakeRows(300, 14)};
  std::vector<std::vector<double>> worse;
  std::vector<PairedWindow> windows;
  std::mt19937_64 random(15);
  for (const Rows& window : rows) {
    worse.push_back(window.probabilities);
    for (double& p : worse.back()) {
      p = 0.7 * p + 0.3 * static_cast<double>(random() >> 11) * 0x1p-53;
    }
  }
  double auc = 0, loss = 0;
  for (std::size_t w = 0; w < 2; ++w) {
    windows.push_back({rows[w].view(), worse[w]});
    auc += (Auc(rows[w].probabilities, rows[w].labels) -
            Auc(worse[w], rows[w].labels)) /
           2;
    loss += (LogLoss(rows[w].probabilities, rows[w].labels) -
             LogLoss(worse[w], rows[w].labels)) *
            static_cast<double>(rows[w].labels.size()) / 900;
  }
  const auto compared = ComparePaired(windows, 1, 200);
  ASSERT_TRUE(compared.ok()) << compared.status();
  EXPECT_NEAR(compared->auc.value, auc, 1e-12);
  EXPECT_NEAR(compared->log_loss.value, loss, 1e-12);
  EXPECT_GT(compared->auc.low, 0);
  EXPECT_LT(compared->log_loss.high, 0);
}

TEST(Evaluator, SaysWhichRowsItCannotEvaluate) {
  Rows rows = MakeRows(30, 16);
  std::fill(rows.labels.begin(), rows.labels.end(), 0.0f);
  EXPECT_THAT(Evaluate(rows.view(), rows.constants(), 1).status().message(),
              HasSubstr("one class only"));
  rows = MakeRows(30, 16);
  rows.probabilities[7] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(Evaluate(rows.view(), rows.constants(), 1).status().message(),
              HasSubstr("row 7"));
  rows = MakeRows(30, 16);
  rows.groups.pop_back();
  EXPECT_EQ(Evaluate(rows.view(), rows.constants(), 1).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(Evaluator, TakesTheConstantOfEachRow) {
  const Rows rows = MakeRows(400, 21);
  std::vector<double> constants = rows.constants();
  std::fill(constants.begin(), constants.begin() + 150, 0.1);
  const auto got = Evaluate(rows.view(), constants, 1, 20);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_NEAR(got->log_loss_constant.value, LogLoss(constants, rows.labels),
              1e-12);
  constants.pop_back();
  EXPECT_EQ(Evaluate(rows.view(), constants, 1).status().code(),
            absl::StatusCode::kInvalidArgument);
}

// Calibrated and in many bins: the draws' own ECE lies far above the figure.
TEST(Evaluator, TakesTheSurplusOfTheDrawsOffTheIntervalOfTheEce) {
  const Rows rows = MakeRows(900, 22);
  const Evaluation got = Evaluated(rows, 200);
  EXPECT_LE(got.ece.low, got.ece.value);
  EXPECT_GE(got.ece.high, got.ece.value);
  double drawn = 0;
  std::mt19937_64 random(23);
  for (int draw = 0; draw < 50; ++draw) {
    Rows again;
    for (int user = 0; user < 300; ++user) {
      const std::size_t from = 3 * (random() % 300);
      for (std::size_t r = from; r < from + 3; ++r) {
        again.probabilities.push_back(rows.probabilities[r]);
        again.labels.push_back(rows.labels[r]);
        again.groups.push_back(static_cast<std::uint64_t>(user));
      }
    }
    drawn += Evaluated(again).ece.value / 50;
  }
  EXPECT_GT(drawn, got.ece.value * 1.1) << "biased as said";
  const double middle = (got.ece.low + got.ece.high) / 2;
  EXPECT_LT(middle, (drawn + got.ece.value) / 2);
  EXPECT_THAT(FormatEvaluation(got), HasSubstr("* the draws' mean surplus"));
}

TEST(Evaluator, SurvivesCertaintyAndSeparation) {
  Rows rows = MakeRows(60, 17);
  for (std::size_t r = 0; r < rows.labels.size(); ++r) {
    rows.probabilities[r] = rows.labels[r] == 1.0f ? 1.0 : 0.0;
  }
  rows.probabilities[0] = 1 - rows.probabilities[0];  // Certain and wrong.
  const Evaluation got = Evaluated(rows, 100);
  EXPECT_TRUE(std::isfinite(got.log_loss.value));
  EXPECT_TRUE(std::isfinite(got.calibration_slope.high));
  EXPECT_TRUE(std::isfinite(got.calibration_intercept.low));
}

TEST(Evaluator, PrintsEveryFigureAndDecile) {
  const std::string text = FormatEvaluation(Evaluated(MakeRows(300, 18), 20));
  for (const char* name : {"AUC", "average precision", "log loss", "Brier",
                           "ECE", "slope", "intercept", "lift", "decile"}) {
    EXPECT_THAT(text, HasSubstr(name));
  }
  EXPECT_GE(std::count(text.begin(), text.end(), '\n'), 20);
  EXPECT_THAT(text, Not(HasSubstr("warning")));
}

TEST(Evaluator, WarnsOfAModelThatTellsNobodyApart) {
  Rows rows = MakeRows(300, 18);
  std::mt19937_64 random(1);
  std::shuffle(rows.probabilities.begin(), rows.probabilities.end(), random);
  EXPECT_THAT(FormatEvaluation(Evaluated(rows, 100)),
              HasSubstr("\nwarning: as far as this test shows, the model tells "
                        "nobody apart: AUC 0."));
  rows.probabilities.assign(rows.labels.size(), 0.3);
  EXPECT_THAT(FormatEvaluation(Evaluated(rows, 100)),
              HasSubstr("\nwarning: every row got the same probability: AUC "
                        "0.5000 [0.5000, 0.5000]"));
}

}  // namespace
}  // namespace tenuto
