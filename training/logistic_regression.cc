#include "training/logistic_regression.h"

#include <algorithm>
#include <cmath>

#include "Eigen/Dense"
#include "absl/strings/str_cat.h"

namespace tenuto {
namespace {

constexpr int kStepsMax = 50;
constexpr double kSmallStep = 1e-8;

Eigen::VectorXd Probabilities(const Eigen::MatrixXd& x,
                              const Eigen::VectorXd& beta) {
  return (1 / (1 + (-(x * beta)).array().exp())).matrix();
}

}  // namespace

// Standardised columns, then one indicator a column, then 1.
Eigen::MatrixXd LogisticRegression::Design(const TrainingMatrix& rows) const {
  const auto width = static_cast<Eigen::Index>(mean_.size());
  Eigen::MatrixXd x(rows.rows(), 2 * width + 1);
  for (int r = 0; r < rows.rows(); ++r) {
    const auto values = rows.row(r);
    for (Eigen::Index c = 0; c < width; ++c) {
      const auto at = static_cast<std::size_t>(c);
      const double v = values[at];
      const bool missing = std::isnan(v);
      // Beyond ten deviations a straight line says nothing sensible.
      x(r, c) =
          missing ? 0 : std::clamp((v - mean_[at]) / scale_[at], -10.0, 10.0);
      x(r, width + c) = missing ? 1 : 0;
    }
    x(r, 2 * width) = 1;
  }
  return x;
}

absl::StatusOr<LogisticRegression> LogisticRegression::Fit(
    const TrainingMatrix& train, double l2) {
  const std::int64_t positives = train.positives();
  if (positives == 0 || positives == train.rows()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the ", train.rows(), " training rows have one class only"));
  }
  LogisticRegression model;
  for (int c = 0; c < train.width(); ++c) {
    double count = 0, sum = 0, squares = 0;
    for (int r = 0; r < train.rows(); ++r) {
      const double v = train.row(r)[static_cast<std::size_t>(c)];
      if (std::isnan(v)) continue;
      ++count;
      sum += v;
      squares += v * v;
    }
    const double mean = count > 0 ? sum / count : 0;
    const double variance = count > 0 ? squares / count - mean * mean : 0;
    model.mean_.push_back(mean);
    model.scale_.push_back(variance > 1e-12 ? std::sqrt(variance) : 1);
  }
  const Eigen::MatrixXd x = model.Design(train);
  Eigen::VectorXd y(train.rows());
  for (int r = 0; r < train.rows(); ++r) {
    y(r) = train.labels[static_cast<std::size_t>(r)];
  }
  Eigen::VectorXd penalty = Eigen::VectorXd::Constant(x.cols(), l2);
  penalty(x.cols() - 1) = 0;
  Eigen::VectorXd beta = Eigen::VectorXd::Zero(x.cols());
  const double rate = y.mean();
  beta(x.cols() - 1) = std::log(rate / (1 - rate));
  for (int step = 0; step < kStepsMax; ++step) {
    const Eigen::VectorXd p = Probabilities(x, beta);
    const Eigen::VectorXd gradient =
        x.transpose() * (y - p) - penalty.cwiseProduct(beta);
    const Eigen::VectorXd weight = (p.array() * (1 - p.array())).matrix();
    Eigen::MatrixXd hessian = x.transpose() * weight.asDiagonal() * x;
    hessian.diagonal() += penalty.array().max(1e-9).matrix();
    Eigen::VectorXd change = hessian.ldlt().solve(gradient);
    const double largest = change.cwiseAbs().maxCoeff();
    // A separable column sends Newton's step far; bound it.
    if (largest > 2) change *= 2 / largest;
    beta += change;
    if (largest < kSmallStep) break;
  }
  model.weight_.assign(beta.data(), beta.data() + beta.size());
  return model;
}

std::vector<double> LogisticRegression::Predict(
    const TrainingMatrix& rows) const {
  const Eigen::VectorXd p = Probabilities(
      Design(rows),
      Eigen::Map<const Eigen::VectorXd>(
          weight_.data(), static_cast<Eigen::Index>(weight_.size())));
  return std::vector<double>(p.data(), p.data() + p.size());
}

}  // namespace tenuto
