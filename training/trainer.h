// Fits the forest: the training-side door to XGBoost.
// Thread-safe. The same rows, options and seed give the same bytes on any
// number of threads.
#ifndef TENUTO_TRAINING_TRAINER_H_
#define TENUTO_TRAINING_TRAINER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "tenuto/v1/bundle.pb.h"
#include "training/training_matrix.h"

namespace tenuto {

// Defaults for tables of thousands to millions of rows with few positives:
// small steps, shallow trees, every tree on a part of rows and columns.
struct ForestOptions {
  int rounds_max = 2000;
  int early_stopping_rounds = 100;  // Without better log loss.
  double eta = 0.03;
  int depth_max = 4;
  double child_weight_min = 5;
  double lambda = 5;
  double row_share = 0.7;
  double column_share = 0.4;
  std::uint64_t seed = 1;
  int threads = 0;  // 0: every core.
  // One of -1, 0, 1 a column, or empty.
  std::vector<int> monotone;
  // "plain" XGBoost as a baseline: its own defaults, 100 rounds, no stopping.
  static ForestOptions Plain();
};

struct TrainedForest {
  std::string model_json;  // XGBoost's JSON, only the rounds that are used.
  int trees = 0;
  double seconds = 0;  // Inside XGBoost.
};

// `validate` chooses the number of rounds; empty: rounds_max are used.
// kInvalidArgument when `train` has one class only.
absl::StatusOr<TrainedForest> TrainForest(const TrainingMatrix& train,
                                          const TrainingMatrix& validate,
                                          const ForestOptions& options);

// A forest and the calibration fitted on rows later than it was trained on.
struct FittedModel {
  TrainedForest forest;
  v1::Calibration calibration;
};
// Early stopping and calibration both use `calibrate`.
absl::StatusOr<FittedModel> FitModel(const TrainingMatrix& train,
                                     const TrainingMatrix& calibrate,
                                     const ForestOptions& options);

// Calibrated probabilities of every row.
absl::StatusOr<std::vector<double>> PredictProbabilities(
    const FittedModel& model, const TrainingMatrix& rows);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_TRAINER_H_
