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

struct BaselineLine {
  std::string name;  // "constant", "logistic regression", "plain xgboost"
  double auc = 0;
  double log_loss = 0;
  PairedDifference difference;  // Product minus baseline.
};

// `product` are the product's probabilities of `test`. Baselines learn from
// `train` and `calibrate` together, since the product has seen both.
absl::StatusOr<std::vector<BaselineLine>> CompareBaselines(
    const TrainingMatrix& train, const TrainingMatrix& calibrate,
    const TrainingMatrix& test, absl::Span<const double> product,
    std::uint64_t seed);

// An aligned table for people; differences with their 95 % interval.
std::string FormatBaselines(absl::Span<const BaselineLine> lines);

// A JSON array of the same, for the `extra` of a summary.
std::string BaselinesJson(absl::Span<const BaselineLine> lines);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_BASELINES_H_
