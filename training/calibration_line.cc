#include "training/calibration_line.h"

#include <algorithm>
#include <cmath>

namespace tenuto {
namespace {

constexpr int kStepsMax = 12;
constexpr double kStepSmall = 1e-8;
constexpr double kStepSmallOfDraw = 1e-3;
// As far from a row's logit the series errs by less than 1e-5.
constexpr double kNear = 0.5;

double Sigmoid(double z) { return 1 / (1 + std::exp(-z)); }

}  // namespace

void CalibrationLine::Add(double logit, float label, std::uint32_t group) {
  logit_min_ = logit_.empty() ? logit : std::min(logit_min_, logit);
  logit_max_ = logit_.empty() ? logit : std::max(logit_max_, logit);
  logit_.push_back(logit);
  label_.push_back(label);
  group_.push_back(group);
}

CalibrationLine::Line CalibrationLine::Fit(absl::Span<const double> weights) {
  line_ = Seek(Line(), kStepSmall,
               [&](const Line& line) { return SlopesAt(weights, line); });
  MakeSeries();
  return line_;
}

CalibrationLine::Line CalibrationLine::FitDraw(
    absl::Span<const double> weights) const {
  Series drawn;
  for (std::size_t g = 0; g < series_.size(); ++g) {
    drawn.Add(series_[g], weights[g]);
  }
  return Seek(line_, kStepSmallOfDraw, [&](const Line& line) {
    return IsNear(line) ? drawn.At(line.intercept - line_.intercept,
                                   line.slope - line_.slope)
                        : SlopesAt(weights, line);
  });
}

template <typename SlopesOf>
CalibrationLine::Line CalibrationLine::Seek(Line line, double step_small,
                                            SlopesOf slopes_of) {
  for (int step = 0; step < kStepsMax; ++step) {
    const Slopes slopes = slopes_of(line);
    const double h00 = slopes.h00 + 1e-9, h11 = slopes.h11 + 1e-9;
    const double det = h00 * h11 - slopes.h01 * slopes.h01;
    if (det < 1e-9) break;
    const double d0 =
        std::clamp((h11 * slopes.g0 - slopes.h01 * slopes.g1) / det, -3.0, 3.0);
    const double d1 =
        std::clamp((h00 * slopes.g1 - slopes.h01 * slopes.g0) / det, -1.0, 1.0);
    line.intercept += d0;
    line.slope += d1;
    if (std::abs(d0) + std::abs(d1) < step_small) break;
  }
  return line;
}

CalibrationLine::Slopes CalibrationLine::SlopesAt(
    absl::Span<const double> weights, const Line& line) const {
  Slopes slopes;
  for (std::size_t k = 0; k < logit_.size(); ++k) {
    const double w = weights[group_[k]];
    if (w == 0) continue;
    const double x = logit_[k];
    const double p = Sigmoid(line.intercept + line.slope * x);
    const double error = w * (static_cast<double>(label_[k]) - p);
    const double curve = w * (p * (1 - p));
    slopes.g0 += error;
    slopes.g1 += error * x;
    slopes.h00 += curve;
    slopes.h01 += curve * x;
    slopes.h11 += curve * x * x;
  }
  return slopes;
}

void CalibrationLine::MakeSeries() {
  series_.clear();
  for (std::size_t k = 0; k < logit_.size(); ++k) {
    if (group_[k] >= series_.size()) series_.resize(group_[k] + 1);
    Series& series = series_[group_[k]];
    const double x = logit_[k];
    const double p = Sigmoid(line_.intercept + line_.slope * x);
    const double error = static_cast<double>(label_[k]) - p;
    series.g0 += error;
    series.g1 += error * x;
    // Every derivative of a sigmoid is a polynomial of it.
    const double s = p * (1 - p);
    const std::array<double, kOrder> derivatives = {
        s, s * (1 - 2 * p) / 2, s * (1 - 6 * s) / 6,
        s * (1 - 2 * p) * (1 - 12 * s) / 24,
        s * (1 - 30 * s + 120 * s * s) / 120};
    for (std::size_t n = 0; n < kOrder; ++n) {
      double term = derivatives[n];
      for (std::size_t power = 0; power < n + 3; ++power, term *= x) {
        series.moments[n][power] += term;
      }
    }
  }
}

void CalibrationLine::Series::Add(const Series& more, double times) {
  g0 += times * more.g0;
  g1 += times * more.g1;
  for (std::size_t n = 0; n < kOrder; ++n) {
    for (std::size_t power = 0; power < n + 3; ++power) {
      moments[n][power] += times * more.moments[n][power];
    }
  }
}

// A row's logit moves by a + b x. The gradient loses what the sigmoid gains by
// that, and the curvature is the derivative of the gain.
CalibrationLine::Slopes CalibrationLine::Series::At(double a, double b) const {
  Slopes slopes{g0, g1, 0, 0, 0};
  // Coefficients of (a + b x)^n, by the power of x.
  std::array<double, kOrder + 1> power = {1};
  for (std::size_t n = 0; n < kOrder; ++n) {
    const auto& of_row = moments[n];
    const auto order = static_cast<double>(n + 1);
    for (std::size_t j = 0; j <= n; ++j) {
      slopes.h00 += order * power[j] * of_row[j];
      slopes.h01 += order * power[j] * of_row[j + 1];
      slopes.h11 += order * power[j] * of_row[j + 2];
    }
    for (std::size_t j = n + 1; j > 0; --j) {
      power[j] = a * power[j] + b * power[j - 1];
    }
    power[0] *= a;
    for (std::size_t j = 0; j <= n + 1; ++j) {
      slopes.g0 -= power[j] * of_row[j];
      slopes.g1 -= power[j] * of_row[j + 1];
    }
  }
  return slopes;
}

bool CalibrationLine::IsNear(const Line& line) const {
  const double a = line.intercept - line_.intercept;
  const double b = line.slope - line_.slope;
  return std::abs(a + b * logit_min_) <= kNear &&
         std::abs(a + b * logit_max_) <= kNear;
}

}  // namespace tenuto
