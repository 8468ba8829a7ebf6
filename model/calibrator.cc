#include "model/calibrator.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace tenuto {
namespace {

constexpr double kProbabilityMin = 1e-4;
constexpr double kProbabilityMax = 1 - 1e-4;
constexpr double kZ90 = 1.6448536269514722;
constexpr int kStepsMax = 100;
constexpr double kSmallStep = 1e-10;

double Sigmoid(double x) {
  return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x));
}

// Sums of Newton's method at (intercept, slope).
struct Curvature {
  double g0 = 0, g1 = 0;             // Gradient of the log likelihood.
  double h00 = 0, h01 = 0, h11 = 0;  // Its negative Hessian.
};

// Negative log likelihood of the smoothed targets.
double Loss(absl::Span<const float> margins, absl::Span<const float> labels,
            double positive, double negative, double intercept, double slope) {
  double loss = 0;
  for (std::size_t k = 0; k < margins.size(); ++k) {
    const double z = intercept + slope * static_cast<double>(margins[k]);
    const double target = labels[k] > 0.5f ? positive : negative;
    loss += std::max(z, 0.0) + std::log1p(std::exp(-std::abs(z))) - target * z;
  }
  return loss;
}

Curvature CurvatureAt(absl::Span<const float> margins,
                      absl::Span<const float> labels, double positive,
                      double negative, double intercept, double slope) {
  Curvature sum;
  for (std::size_t k = 0; k < margins.size(); ++k) {
    const double x = margins[k];
    const double p = Sigmoid(intercept + slope * x);
    const double error = (labels[k] > 0.5f ? positive : negative) - p;
    const double weight = p * (1 - p);
    sum.g0 += error;
    sum.g1 += error * x;
    sum.h00 += weight;
    sum.h01 += weight * x;
    sum.h11 += weight * x * x;
  }
  return sum;
}

}  // namespace

Calibrator::Calibrator(const v1::Calibration& parameters)
    : slope_(parameters.slope()),
      intercept_(parameters.intercept()),
      min_(parameters.probability_min()),
      max_(parameters.probability_max()),
      var_intercept_(parameters.var_intercept()),
      var_slope_(parameters.var_slope()),
      covariance_(parameters.covariance()) {}

absl::StatusOr<Calibrator> Calibrator::Create(
    const v1::Calibration& parameters) {
  const bool finite = std::isfinite(parameters.slope()) &&
                      std::isfinite(parameters.intercept()) &&
                      std::isfinite(parameters.var_intercept()) &&
                      std::isfinite(parameters.var_slope()) &&
                      std::isfinite(parameters.covariance());
  if (!finite || parameters.slope() <= 0) {
    return absl::InvalidArgumentError(
        "calibration: slope must be positive and every number finite");
  }
  if (!(parameters.probability_min() > 0 &&
        parameters.probability_min() < parameters.probability_max() &&
        parameters.probability_max() < 1)) {
    return absl::InvalidArgumentError(
        "calibration: needs 0 < probability_min < probability_max < 1");
  }
  return Calibrator(parameters);
}

v1::Calibration Calibrator::Fit(absl::Span<const float> margins,
                                absl::Span<const float> labels) {
  double positives = 0;
  for (const float label : labels) positives += label > 0.5f;
  const double negatives = static_cast<double>(labels.size()) - positives;
  // Platt's targets: one observation more of each class.
  const double positive = (positives + 1) / (positives + 2);
  const double negative = 1 / (negatives + 2);
  const double base = (positives + 0.5) / (positives + negatives + 1);
  bool fit_slope = positives > 0 && negatives > 0;
  double intercept = 0;
  double slope = 1;
  Curvature at;
  for (int attempt = 0; attempt < 2; ++attempt) {
    slope = 1;
    intercept = fit_slope ? 0 : std::log(base / (1 - base));
    for (int step = 0; step < kStepsMax; ++step) {
      at = CurvatureAt(margins, labels, positive, negative, intercept, slope);
      double d0 = at.g0 / std::max(at.h00, 1e-12);
      double d1 = 0;
      if (fit_slope) {
        const double ridge = 1e-12 * (1 + at.h11);
        const double det = at.h00 * (at.h11 + ridge) - at.h01 * at.h01 + 1e-12;
        d0 = ((at.h11 + ridge) * at.g0 - at.h01 * at.g1) / det;
        d1 = (at.h00 * at.g1 - at.h01 * at.g0) / det;
      }
      // Far from the optimum Newton's step may overshoot: bound it without
      // turning it, then halve it until the likelihood rises.
      double share =
          std::min(1.0, 2.0 / (std::abs(d0) + std::abs(d1) + 1e-300));
      const double before =
          Loss(margins, labels, positive, negative, intercept, slope);
      while (share > 1e-9 &&
             Loss(margins, labels, positive, negative, intercept + share * d0,
                  slope + share * d1) > before) {
        share /= 2;
      }
      intercept += share * d0;
      slope += share * d1;
      if (std::abs(d0) + std::abs(d1) < kSmallStep) break;
    }
    if (!fit_slope || (slope > 0 && std::isfinite(slope))) break;
    fit_slope = false;
  }
  v1::Calibration fitted;
  fitted.set_slope(slope);
  fitted.set_intercept(intercept);
  fitted.set_probability_min(kProbabilityMin);
  fitted.set_probability_max(kProbabilityMax);
  const double det = at.h00 * at.h11 - at.h01 * at.h01;
  if (fit_slope && det > 0) {
    fitted.set_var_intercept(at.h11 / det);
    fitted.set_var_slope(at.h00 / det);
    fitted.set_covariance(-at.h01 / det);
  } else if (at.h00 > 0) {
    fitted.set_var_intercept(1 / at.h00);
  }
  return fitted;
}

double Calibrator::Probability(float margin) const {
  const double p = Sigmoid(intercept_ + slope_ * static_cast<double>(margin));
  return std::min(std::max(p, min_), max_);
}

ProbabilityInterval Calibrator::Interval(float margin) const {
  const double x = margin;
  const double center = intercept_ + slope_ * x;
  const double variance =
      std::max(0.0, var_intercept_ + 2 * x * covariance_ + x * x * var_slope_);
  const double half = kZ90 * std::sqrt(variance);
  return {std::clamp(Sigmoid(center - half), min_, max_),
          std::clamp(Sigmoid(center + half), min_, max_)};
}

}  // namespace tenuto
