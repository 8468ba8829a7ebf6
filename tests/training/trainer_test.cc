#include "training/trainer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include "tests/support/toy_forest.h"

namespace tenuto {
namespace {

ForestOptions Quick(int rounds) {
  ForestOptions options;
  options.rounds = rounds;
  options.eta = 0.3;
  options.depth = 3;
  options.seed = 5;
  return options;
}

double LogLoss(const std::vector<float>& margins,
               const std::vector<float>& labels) {
  double loss = 0;
  for (std::size_t k = 0; k < labels.size(); ++k) {
    const double m = labels[k] > 0.5f ? -margins[k] : margins[k];
    loss += std::log1p(std::exp(m));
  }
  return loss / static_cast<double>(labels.size());
}

TEST(Trainer, GivesTheSameBytesTwice) {
  const TrainingMatrix rows = ToyRows(800, 6, 1);
  const auto first = TrainForest(rows, nullptr, Quick(15));
  const auto second = TrainForest(rows, nullptr, Quick(15));
  ASSERT_TRUE(first.ok() && second.ok()) << first.status();
  EXPECT_EQ(first->model_json, second->model_json);
}

TEST(Trainer, GivesTheSameBytesBesideAnotherFit) {
  const TrainingMatrix rows = ToyRows(800, 6, 1);
  const auto alone = TrainForest(rows, nullptr, Quick(15));
  ASSERT_TRUE(alone.ok()) << alone.status();
  const TrainingMatrix others = ToyRows(900, 4, 2);
  std::thread neighbour(
      [&others] { EXPECT_TRUE(TrainForest(others, nullptr, Quick(40)).ok()); });
  const auto beside = TrainForest(rows, nullptr, Quick(15));
  neighbour.join();
  ASSERT_TRUE(beside.ok()) << beside.status();
  EXPECT_EQ(alone->model_json, beside->model_json);
}

TEST(Trainer, FollowsItsSeed) {
  const TrainingMatrix rows = ToyRows(800, 6, 1);
  ForestOptions other = Quick(15);
  other.seed = 6;
  EXPECT_NE(TrainForest(rows, nullptr, Quick(15))->model_json,
            TrainForest(rows, nullptr, other)->model_json);
}

TEST(Trainer, TakesEverySeed) {
  ForestOptions options;
  options.rounds = 2;
  options.seed = ~std::uint64_t{0};
  const auto forest = TrainForest(ToyRows(800, 6, 1), nullptr, options);
  EXPECT_TRUE(forest.ok()) << forest.status();
}

TEST(Trainer, StopsWhenValidationNoLongerImproves) {
  const TrainingMatrix train = ToyRows(400, 6, 1);
  const TrainingMatrix validate = ToyRows(400, 6, 2);
  ForestOptions options = Quick(500);
  options.early_stopping_rounds = 10;
  const auto forest = TrainForest(train, &validate, options);
  ASSERT_TRUE(forest.ok()) << forest.status();
  const std::vector<double>& losses = forest->loss_by_round;
  const auto best = std::min_element(losses.begin(), losses.end());
  EXPECT_EQ(forest->trees, best - losses.begin() + 1);
  EXPECT_EQ(losses.size(), static_cast<std::size_t>(forest->trees) + 10);
  EXPECT_LT(losses.size(), 500u);
}

TEST(Trainer, KeepsTheTreesOfTheBestRoundOnly) {
  const TrainingMatrix train = ToyRows(400, 6, 1);
  const TrainingMatrix validate = ToyRows(400, 6, 2);
  const auto forest = TrainForest(train, &validate, Quick(500));
  ASSERT_TRUE(forest.ok()) << forest.status();
  const auto margins = PredictMargins(forest->model_json, validate);
  ASSERT_TRUE(margins.ok()) << margins.status();
  // The saved forest has the loss that the fit saw at its best round.
  EXPECT_NEAR(
      LogLoss(*margins, validate.labels),
      forest->loss_by_round[static_cast<std::size_t>(forest->trees) - 1], 1e-6);
}

TEST(Trainer, RunsAllRoundsWithoutValidation) {
  const auto forest = TrainForest(ToyRows(400, 6, 1), nullptr, Quick(33));
  ASSERT_TRUE(forest.ok()) << forest.status();
  EXPECT_EQ(forest->trees, 33);
  EXPECT_TRUE(forest->loss_by_round.empty());
}

TEST(Trainer, LearnsMoreThanTheBaseRate) {
  const TrainingMatrix test = ToyRows(1000, 6, 3);
  const auto forest = TrainForest(ToyRows(2000, 6, 1), nullptr, Quick(30));
  ASSERT_TRUE(forest.ok()) << forest.status();
  const auto margins = PredictMargins(forest->model_json, test);
  ASSERT_TRUE(margins.ok()) << margins.status();
  const double rate = static_cast<double>(test.positives()) / test.rows();
  const double constant =
      -rate * std::log(rate) - (1 - rate) * std::log(1 - rate);
  EXPECT_LT(LogLoss(*margins, test.labels), 0.93 * constant);
}

TEST(Trainer, KeepsAMonotonePromise) {
  ForestOptions options = Quick(40);
  options.monotone = {-1, 0, 0};  // Against what the rows say of column 0.
  const auto forest = TrainForest(ToyRows(2000, 3, 1), nullptr, options);
  ASSERT_TRUE(forest.ok()) << forest.status();
  TrainingMatrix sweep = ToyRows(100, 3, 8);
  for (std::size_t r = 0; r < 100; ++r) {
    sweep.values[3 * r] = static_cast<float>(r) / 10;
    sweep.values[3 * r + 1] = 5;
    sweep.values[3 * r + 2] = 5;
  }
  const auto margins = PredictMargins(forest->model_json, sweep);
  ASSERT_TRUE(margins.ok()) << margins.status();
  EXPECT_TRUE(std::is_sorted(margins->rbegin(), margins->rend()));
}

TEST(Trainer, RefusesRowsOfOneClass) {
  TrainingMatrix rows = ToyRows(50, 3, 1);
  for (const float label : {0.0f, 1.0f}) {
    rows.labels.assign(50, label);
    const auto forest = TrainForest(rows, nullptr, Quick(5));
    ASSERT_EQ(forest.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_NE(forest.status().message().find("one class only"),
              absl::string_view::npos);
  }
}

}  // namespace
}  // namespace tenuto
