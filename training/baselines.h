// Is the product's model worth its trouble? A constant, a logistic regression
// and an untuned XGBoost learn from the same rows and are compared with it on
// the same test rows, users paired.
// Thread-safe.
#ifndef TENUTO_TRAINING_BASELINES_H_
#define TENUTO_TRAINING_BASELINES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "training/evaluator.h"
#include "training/training_matrix.h"

namespace tenuto {

// One test window and what could be learnt before it. `product` are the
// product's probabilities of `test`; all must outlive the comparison.
struct BaselineWindow {
  const TrainingMatrix* train = nullptr;
  const TrainingMatrix* calibrate = nullptr;
  const TrainingMatrix* test = nullptr;
  absl::Span<const double> product;
};

struct BaselineLine {
  std::string name;     // "constant", "logistic regression", "plain xgboost"
  double auc = 0;       // Mean over the windows.
  double log_loss = 0;  // Of all test rows together.
  PairedDifference difference;  // Product minus baseline.
};

// Baselines learn from `train` and `calibrate` together, since the product has
// seen both. The logistic regression has the usual penalty of 1; "plain"
// XGBoost has XGBoost's own defaults and 100 rounds.
absl::StatusOr<std::vector<BaselineLine>> CompareBaselines(
    absl::Span<const BaselineWindow> windows, std::uint64_t seed);

// An aligned table for people; differences with their 95 % interval.
std::string FormatBaselines(absl::Span<const BaselineLine> lines);

// A JSON array of the same, for the `extra` of a summary.
std::string BaselinesJson(absl::Span<const BaselineLine> lines);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_BASELINES_H_
