// The baseline every forest must beat: L2 logistic regression on standardised
// columns, missing values at the mean with an indicator column beside it.
// Thread-safe.
#ifndef TENUTO_TRAINING_LOGISTIC_REGRESSION_H_
#define TENUTO_TRAINING_LOGISTIC_REGRESSION_H_

#include <vector>

#include "Eigen/Core"
#include "absl/status/statusor.h"
#include "training/training_matrix.h"

namespace tenuto {

// Value type.
class LogisticRegression {
 public:
  // Newton's method (iteratively reweighted least squares) with Eigen.
  // `l2` is the penalty on each squared weight, the intercept excepted.
  static absl::StatusOr<LogisticRegression> Fit(const TrainingMatrix& train,
                                                double l2);
  std::vector<double> Predict(const TrainingMatrix& rows) const;

 private:
  Eigen::MatrixXd Design(const TrainingMatrix& rows) const;

  std::vector<double> mean_, scale_;  // A column.
  std::vector<double> weight_;        // In the order of Design.
};

}  // namespace tenuto

#endif  // TENUTO_TRAINING_LOGISTIC_REGRESSION_H_
