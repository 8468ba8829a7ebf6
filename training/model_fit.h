// From rows to a calibrated model: how deep and how many trees is decided by
// cross-validation that keeps users whole, the forest is fitted on all training
// rows, and the calibration on later rows.
// Thread-safe; deterministic on any number of threads.
#ifndef TENUTO_TRAINING_MODEL_FIT_H_
#define TENUTO_TRAINING_MODEL_FIT_H_

#include <vector>

#include "absl/status/statusor.h"
#include "tenuto/v1/bundle.pb.h"
#include "training/trainer.h"
#include "training/training_matrix.h"

namespace tenuto {

// What the choice looked at: mean validation log loss at the best round.
struct DepthTrial {
  int depth = 0;
  int rounds = 0;
  double log_loss = 0;
};
struct ForestChoice {
  ForestOptions options;  // With depth and rounds chosen.
  std::vector<DepthTrial> trials;
  double seconds = 0;  // Inside XGBoost.
};

// Early stopping by cross-validation over groups (users): 5 folds below 50,000
// rows, one held-out fifth above. A validation slice of one week of churn is
// too noisy to stop on; every training row together is not. Tries all `depths`
// and takes the lowest mean log loss.
inline constexpr int kForestDepths[] = {1, 2, 4, 6};
absl::StatusOr<ForestChoice> ChooseForest(
    const TrainingMatrix& train, const ForestOptions& options, int threads,
    absl::Span<const int> depths = kForestDepths);

struct FittedModel {
  TrainedForest forest;
  v1::Calibration calibration;
};

// `options` as ChooseForest gave them. The forest sees `train`, the calibration
// `calibrate`.
absl::StatusOr<FittedModel> FitModel(const TrainingMatrix& train,
                                     const TrainingMatrix& calibrate,
                                     const ForestOptions& options);

// Calibrated probability of every row.
absl::StatusOr<std::vector<double>> PredictProbabilities(
    const FittedModel& model, const TrainingMatrix& rows);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_MODEL_FIT_H_
