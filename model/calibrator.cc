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
// Rises over all margins of the slice by so little that no figure shows it,
// and still orders users.
constexpr double kLevelRise = 1e-6;

// One exp, which overflows on neither side, and no branch on the sign: nothing
// foresees it. g++ 12 makes a branch of `?:`, of a table it does not.
double Sigmoid(double x) {
  const double e = std::exp(-std::abs(x));
  const double numerators[] = {1, e};
  return numerators[std::signbit(x)] / (1 + e);
}

// The rows to fit on, and what a label counts as.
struct Slice {
  absl::Span<const float> margins;
  absl::Span<const float> labels;
  double positive = 1, negative = 0;
  double Target(std::size_t k) const {
    return labels[k] > 0.5f ? positive : negative;
  }
};

struct Line {
  double intercept = 0, slope = 1;
};

// Sums of Newton's method on one line.
struct Curvature {
  double g0 = 0, g1 = 0;             // Gradient of the log likelihood.
  double h00 = 0, h01 = 0, h11 = 0;  // Its negative Hessian.
};

double Loss(const Slice& slice, const Line& line) {
  double loss = 0;
  for (std::size_t k = 0; k < slice.margins.size(); ++k) {
    const double z =
        line.intercept + line.slope * static_cast<double>(slice.margins[k]);
    loss += std::max(z, 0.0) + std::log1p(std::exp(-std::abs(z))) -
            slice.Target(k) * z;
  }
  return loss;
}

Curvature CurvatureAt(const Slice& slice, const Line& line) {
  Curvature sum;
  for (std::size_t k = 0; k < slice.margins.size(); ++k) {
    const double x = slice.margins[k];
    const double p = Sigmoid(line.intercept + line.slope * x);
    const double error = slice.Target(k) - p;
    const double weight = p * (1 - p);
    sum.g0 += error;
    sum.g1 += error * x;
    sum.h00 += weight;
    sum.h01 += weight * x;
    sum.h11 += weight * x * x;
  }
  return sum;
}

// The most likely line by Newton's method; of the slope of `line` where that
// is not to be fitted.
Line MostLikely(const Slice& slice, Line line, bool fit_slope) {
  for (int step = 0; step < kStepsMax; ++step) {
    const Curvature at = CurvatureAt(slice, line);
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
    double share = std::min(1.0, 2.0 / (std::abs(d0) + std::abs(d1) + 1e-300));
    const double before = Loss(slice, line);
    const auto moved = [&] {
      return Line{line.intercept + share * d0, line.slope + share * d1};
    };
    while (share > 1e-9 && Loss(slice, moved()) > before) share /= 2;
    line = moved();
    if (std::abs(d0) + std::abs(d1) < kSmallStep) break;
  }
  return line;
}

// As good as the constant `rate`, but rising.
Line AlmostLevel(absl::Span<const float> margins, double rate) {
  const auto [low, high] = std::minmax_element(margins.begin(), margins.end());
  const double low_margin = *low;
  const double width = static_cast<double>(*high) - low_margin;
  Line line;
  line.slope = kLevelRise / std::max(1.0, width);
  line.intercept =
      std::log(rate / (1 - rate)) - line.slope * (low_margin + width / 2);
  return line;
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
  const double rows = static_cast<double>(labels.size());
  const double negatives = rows - positives;
  // Platt's targets: one observation more of each class.
  const Slice smoothed = {margins, labels, (positives + 1) / (positives + 2),
                          1 / (negatives + 2)};
  bool fit_slope = positives > 0 && negatives > 0;
  Line line;
  if (fit_slope) {
    const Slice plain = {margins, labels};
    const Line level = AlmostLevel(margins, positives / rows);
    line = MostLikely(smoothed, line, true);
    // Not: `is worse`. A line that ran away to no number is none either.
    if (!(line.slope > 0 && Loss(plain, line) <= Loss(plain, level))) {
      line = level;
      fit_slope = false;
    }
  } else {
    const double base = (positives + 0.5) / (rows + 1);
    line = MostLikely(smoothed, {std::log(base / (1 - base)), 1}, false);
  }
  v1::Calibration fitted;
  fitted.set_slope(line.slope);
  fitted.set_intercept(line.intercept);
  fitted.set_probability_min(kProbabilityMin);
  fitted.set_probability_max(kProbabilityMax);
  const Curvature at = CurvatureAt(smoothed, line);
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
