// The line of calibration: logistic regression of the label on the logit of the
// probability; ideal is slope 1, intercept 0 (Cox 1958). A bootstrap asks for
// it again and again with other weights of the same users, so what a user's
// rows say about lines near that of the whole is summed up once, as a power
// series; rows are looked at again only for a line far from it.
// Value type; not thread-safe.
#ifndef TENUTO_TRAINING_CALIBRATION_LINE_H_
#define TENUTO_TRAINING_CALIBRATION_LINE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace tenuto {

class CalibrationLine {
 public:
  struct Line {
    double intercept = 0, slope = 1;
  };

  // A row of a group, which has a small number.
  void Add(double logit, float label, std::uint32_t group);

  // The line when a group's rows count `weights[group]` times. Remembers it:
  // those of draws will be near.
  Line Fit(absl::Span<const double> weights);
  // The same of a draw, as exact as its interval needs: by Newton's method
  // until a step is so small that the next would be its square.
  Line FitDraw(absl::Span<const double> weights) const;

 private:
  static constexpr int kOrder = 5;  // Of the series.
  // Gradient and curvature of the likelihood, at one line.
  struct Slopes {
    double g0 = 0, g1 = 0, h00 = 0, h01 = 0, h11 = 0;
  };
  // Of the sigmoid's n-th derivative over n!, times the logit's power k.
  using Moments = std::array<std::array<double, kOrder + 2>, kOrder>;
  struct Series {
    double g0 = 0, g1 = 0;
    Moments moments{};
    void Add(const Series& more, double times);
    // So much away from where the series was made.
    Slopes At(double intercept, double slope) const;
  };

  Slopes SlopesAt(absl::Span<const double> weights, const Line& line) const;
  void MakeSeries();
  bool IsNear(const Line& line) const;
  template <typename SlopesOf>
  static Line Seek(Line line, double step_small, SlopesOf slopes_of);

  std::vector<double> logit_;
  std::vector<float> label_;
  std::vector<std::uint32_t> group_;
  double logit_min_ = 0, logit_max_ = 0;
  Line line_;                   // Of Fit().
  std::vector<Series> series_;  // By group, around `line_`.
};

}  // namespace tenuto

#endif  // TENUTO_TRAINING_CALIBRATION_LINE_H_
