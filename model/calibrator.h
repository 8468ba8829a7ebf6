// From a forest's margin to a probability that means what it says: Platt
// scaling, probability = sigmoid(intercept + slope * margin) with slope > 0, so
// the order of users never changes (Platt 1999). Two parameters, because a
// calibration slice of churn holds few positives.
#ifndef TENUTO_MODEL_CALIBRATOR_H_
#define TENUTO_MODEL_CALIBRATOR_H_

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "tenuto/v1/bundle.pb.h"

namespace tenuto {

struct ProbabilityInterval {
  double low = 0;
  double high = 1;
};

// Thread-safe: immutable.
class Calibrator {
 public:
  // kInvalidArgument unless the slope is positive, everything is finite and
  // 0 < probability_min < probability_max < 1.
  static absl::StatusOr<Calibrator> Create(const v1::Calibration& parameters);

  // Maximum likelihood by Newton's method on Platt's smoothed targets. On the
  // slice itself the log loss is never above that of its base rate: where the
  // fitted line is no better, or falls, the line is almost level instead and
  // gives the base rate to 6 digits, still in the order of the margins. With
  // one class only the slope is 1 and only the intercept is fitted. `margins`
  // and `labels` (0 or 1) have equal length, at least 1.
  static v1::Calibration Fit(absl::Span<const float> margins,
                             absl::Span<const float> labels);

  double Probability(float margin) const;
  // 90 % interval from the covariance of the two parameters (delta method).
  ProbabilityInterval Interval(float margin) const;

 private:
  explicit Calibrator(const v1::Calibration& parameters);
  double slope_, intercept_, min_, max_;
  double var_intercept_, var_slope_, covariance_;
};

}  // namespace tenuto

#endif  // TENUTO_MODEL_CALIBRATOR_H_
