// Fits the forest: the training-side door to XGBoost. Every fit runs on one
// thread, and side by side with others; so the same rows, options and seed give
// the same bytes on any number of threads.
// Thread-safe.
#ifndef TENUTO_TRAINING_TRAINER_H_
#define TENUTO_TRAINING_TRAINER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "training/training_matrix.h"

namespace tenuto {

// Defaults for rows of thousands to millions with few positives: small steps,
// shallow trees, every tree on a part of the rows and every split on a part of
// the columns.
struct ForestOptions {
  int rounds = 400;  // At most, where rounds are chosen.
  // Rounds without better validation log loss before a fit stops.
  int early_stopping_rounds = 50;
  double eta = 0.05;
  int depth = 2;
  double child_weight_min = 10;
  double lambda = 10;
  double row_share = 0.7;
  double column_share = 0.3;  // A split.
  // How likely each column is among a split's share; empty: all the same.
  std::vector<float> column_weights;
  std::uint64_t seed = 1;
  std::vector<int> monotone;  // -1, 0 or 1 a column, or empty.
  // XGBoost's own defaults, 100 rounds, as a baseline.
  static ForestOptions Plain(std::uint64_t seed);
};

struct TrainedForest {
  std::string model_json;  // XGBoost's JSON, of the best round's trees only.
  int trees = 0;
  std::vector<double> loss_by_round;  // On `validate`; empty without.
  double seconds = 0;                 // Inside XGBoost.
};

// With rows in `validate` the fit stops early and keeps the best round;
// without, it runs all rounds. kInvalidArgument when `train` has one class
// only.
absl::StatusOr<TrainedForest> TrainForest(const TrainingMatrix& train,
                                          const TrainingMatrix* validate,
                                          const ForestOptions& options);

// Margins of every row.
absl::StatusOr<std::vector<float>> PredictMargins(absl::string_view model_json,
                                                  const TrainingMatrix& rows);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_TRAINER_H_
