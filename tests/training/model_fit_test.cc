#include "training/model_fit.h"

#include <gtest/gtest.h>

#include <cmath>

#include "model/calibrator.h"
#include "tests/support/toy_forest.h"

namespace tenuto {
namespace {

ForestOptions Quick() {
  ForestOptions options;
  options.rounds = 60;
  options.eta = 0.2;
  options.early_stopping_rounds = 8;
  options.seed = 11;
  return options;
}

TEST(ModelFit, ChoosesTheSameOnOneThreadAndOnTwo) {
  const TrainingMatrix rows = ToyRows(900, 5, 1);
  const auto one = ChooseForest(rows, Quick(), 1);
  const auto two = ChooseForest(rows, Quick(), 2);
  ASSERT_TRUE(one.ok() && two.ok()) << one.status() << two.status();
  EXPECT_EQ(one->options.depth, two->options.depth);
  EXPECT_EQ(one->options.rounds, two->options.rounds);
  ASSERT_EQ(one->trials.size(), two->trials.size());
  for (std::size_t k = 0; k < one->trials.size(); ++k) {
    EXPECT_EQ(one->trials[k].log_loss, two->trials[k].log_loss);
    EXPECT_EQ(one->trials[k].rounds, two->trials[k].rounds);
  }
}

TEST(ModelFit, TakesTheTrialWithTheLowestLoss) {
  const auto choice = ChooseForest(ToyRows(900, 5, 1), Quick(), 2);
  ASSERT_TRUE(choice.ok()) << choice.status();
  ASSERT_EQ(choice->trials.size(), 4u);
  const DepthTrial* best = &choice->trials[0];
  for (const DepthTrial& trial : choice->trials) {
    EXPECT_TRUE(std::isfinite(trial.log_loss));
    if (trial.log_loss < best->log_loss) best = &trial;
  }
  EXPECT_EQ(choice->options.depth, best->depth);
  EXPECT_EQ(choice->options.rounds, best->rounds);
}

// Groups of identical rows with coin-flip labels: only a split through a group
// could make validation look better than the base rate.
TEST(ModelFit, NeverLetsAGroupStraddleTheFolds) {
  constexpr int kGroups = 60;
  constexpr int kCopies = 10;
  const TrainingMatrix one = ToyRows(kGroups, 4, 3);
  TrainingMatrix rows;
  rows.columns = one.columns;
  for (int k = 0; k < kGroups * kCopies; ++k) {
    const int r = k % kGroups;
    rows.values.insert(rows.values.end(), one.row(r).begin(), one.row(r).end());
    rows.labels.push_back((r * 7919 % 13) % 2 == 0 ? 1.0f : 0.0f);
    rows.groups.push_back(static_cast<std::uint64_t>(r));
    rows.times_s.push_back(k);
  }
  const double rate = static_cast<double>(rows.positives()) / rows.rows();
  const double constant =
      -rate * std::log(rate) - (1 - rate) * std::log(1 - rate);
  ForestOptions options = Quick();
  options.child_weight_min = 1;
  options.lambda = 1;
  const auto whole = ChooseForest(rows, options, 1);
  ASSERT_TRUE(whole.ok()) << whole.status();
  for (const DepthTrial& trial : whole->trials) {
    EXPECT_GT(trial.log_loss, 0.9 * constant) << "depth " << trial.depth;
  }
  // The same rows, each its own group: the leak shows at once.
  for (std::size_t k = 0; k < rows.groups.size(); ++k) rows.groups[k] = k;
  const auto torn = ChooseForest(rows, options, 1);
  ASSERT_TRUE(torn.ok()) << torn.status();
  EXPECT_LT(torn->trials[2].log_loss, 0.6 * constant);
}

// Three groups fall into three folds at most, one of which is the only one that
// many rows are judged by.
TEST(ModelFit, ChoosesByFoldsThatHoldRows) {
  for (const int rows_wanted : {900, 60'000}) {
    TrainingMatrix rows = ToyRows(rows_wanted, 4, 1);
    for (std::size_t k = 0; k < rows.groups.size(); ++k) rows.groups[k] = k % 3;
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      ForestOptions options = Quick();
      options.rounds = 20;
      options.seed = seed;
      ::testing::internal::CaptureStderr();
      const auto choice = ChooseForest(rows, options, 2, {1, 2});
      EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
      ASSERT_TRUE(choice.ok()) << choice.status();
      for (const DepthTrial& trial : choice->trials) {
        EXPECT_TRUE(std::isfinite(trial.log_loss));
        EXPECT_GT(trial.rounds, 1);
      }
    }
  }
}

TEST(ModelFit, RefusesRowsOfOneClass) {
  TrainingMatrix rows = ToyRows(200, 3, 1);
  rows.labels.assign(200, 0.0f);
  EXPECT_EQ(ChooseForest(rows, Quick(), 2).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(FitModel(rows, ToyRows(50, 3, 2), Quick()).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(ModelFit, CalibratesOnTheRowsItWasGivenForThat) {
  const TrainingMatrix train = ToyRows(900, 4, 1);
  TrainingMatrix calibrate = ToyRows(3000, 4, 2);
  // A later world, where half of those who left stay.
  for (std::size_t k = 0; k < calibrate.labels.size(); k += 2) {
    calibrate.labels[k] = 0;
  }
  const auto model = FitModel(train, calibrate, Quick());
  ASSERT_TRUE(model.ok()) << model.status();
  const auto probabilities = PredictProbabilities(*model, calibrate);
  ASSERT_TRUE(probabilities.ok()) << probabilities.status();
  double mean = 0;
  for (const double p : *probabilities) mean += p / calibrate.rows();
  const double rate =
      static_cast<double>(calibrate.positives()) / calibrate.rows();
  EXPECT_NEAR(mean, rate, 0.005);
}

TEST(ModelFit, PredictsTheCalibratedMargins) {
  const FittedModel model = ToyModel(4, 1);
  const TrainingMatrix rows = ToyRows(30, 4, 9);
  const auto margins = PredictMargins(model.forest.model_json, rows);
  const auto probabilities = PredictProbabilities(model, rows);
  ASSERT_TRUE(margins.ok() && probabilities.ok());
  const auto calibrator = Calibrator::Create(model.calibration);
  ASSERT_TRUE(calibrator.ok());
  for (std::size_t k = 0; k < margins->size(); ++k) {
    EXPECT_EQ((*probabilities)[k], calibrator->Probability((*margins)[k]));
  }
}

}  // namespace
}  // namespace tenuto
