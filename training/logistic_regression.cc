#include "training/logistic_regression.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "Eigen/Dense"
#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"

namespace tenuto {
namespace {

constexpr int kStepsMax = 50;
constexpr double kSmallDecrement = 1e-9;
constexpr double kArmijo = 1e-4;
constexpr double kSmallShare = 1e-10;

Eigen::VectorXd Probabilities(const Eigen::MatrixXd& x,
                              const Eigen::VectorXd& beta) {
  return (1 / (1 + (-(x * beta)).array().exp())).matrix();
}

// Of the penalised negative log likelihood, which is convex.
double Loss(const Eigen::MatrixXd& x, const Eigen::VectorXd& y,
            const Eigen::VectorXd& penalty, const Eigen::VectorXd& beta) {
  const Eigen::ArrayXd margin = (x * beta).array();
  // log(1 + e^m) - y m, without overflow.
  const Eigen::ArrayXd loss =
      margin.max(0) + (-margin.abs()).exp().log1p() - y.array() * margin;
  return loss.sum() + 0.5 * penalty.cwiseProduct(beta).dot(beta);
}

// Newton's method, each step halved until it lowers the loss enough (Armijo;
// Boyd & Vandenberghe 2004, section 9.5): full steps run in circles where
// columns nearly separate the classes.
absl::StatusOr<Eigen::VectorXd> Minimise(const Eigen::MatrixXd& x,
                                         const Eigen::VectorXd& y,
                                         const Eigen::VectorXd& penalty,
                                         Eigen::VectorXd beta) {
  double loss = Loss(x, y, penalty, beta);
  for (int step = 0; step < kStepsMax; ++step) {
    const Eigen::VectorXd p = Probabilities(x, beta);
    const Eigen::VectorXd downhill =
        x.transpose() * (y - p) - penalty.cwiseProduct(beta);
    const Eigen::VectorXd weight = (p.array() * (1 - p.array())).matrix();
    Eigen::MatrixXd hessian = x.transpose() * weight.asDiagonal() * x;
    hessian.diagonal() += penalty.array().max(1e-9).matrix();
    const Eigen::VectorXd change = hessian.ldlt().solve(downhill);
    const double decrement = change.dot(downhill);
    if (decrement < kSmallDecrement) return beta;
    double share = 1;
    double next = Loss(x, y, penalty, beta + change);
    while (!(next <= loss - kArmijo * share * decrement)) {
      share /= 2;
      // The loss is flat to the last digit: nothing is left to gain.
      if (share < kSmallShare) return beta;
      next = Loss(x, y, penalty, beta + share * change);
    }
    beta += share * change;
    loss = next;
  }
  return absl::InternalError(absl::StrCat(
      "the logistic regression did not converge in ", kStepsMax, " steps"));
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
  TENUTO_ASSIGN_OR_RETURN(beta, Minimise(x, y, penalty, std::move(beta)));
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
