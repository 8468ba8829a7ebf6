#include "training/sorted_rows.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace tenuto {
namespace {

constexpr double kProbabilityFloor = 1e-12;
constexpr int kStepsMax = 12;
constexpr double kStepSmall = 1e-8;
constexpr double kStepSmallOfDraw = 1e-3;

double Bounded(double probability) {
  return std::clamp(probability, kProbabilityFloor, 1 - kProbabilityFloor);
}

}  // namespace

double RowLoss(double probability, float label) {
  const double p = Bounded(probability);
  return label > 0.5f ? -std::log(p) : -std::log1p(-p);
}

std::size_t BinOf(double seen, double tie, double all, int bins) {
  const double middle = (seen + tie / 2) / all;
  return std::min(static_cast<std::size_t>(middle * bins),
                  static_cast<std::size_t>(bins - 1));
}

void SortedRows::Sums::Add(const Sums& more, double times) {
  rows += times * more.rows;
  positives += times * more.positives;
  loss += times * more.loss;
  constant_loss += times * more.constant_loss;
  brier += times * more.brier;
}

void SortedRows::Slopes::Add(const Slopes& more, double times) {
  g0 += times * more.g0;
  g1 += times * more.g1;
  h00 += times * more.h00;
  h01 += times * more.h01;
  h11 += times * more.h11;
}

SortedRows::SortedRows(const ScoredRows& scored,
                       absl::Span<const double> constants,
                       GroupNumbers& numbers) {
  const std::size_t n = scored.labels.size();
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) {
                     return scored.probabilities[a] > scored.probabilities[b];
                   });
  for (const std::size_t r : order) {
    const double p = scored.probabilities[r];
    const float y = scored.labels[r];
    const auto group = static_cast<std::uint32_t>(numbers.Of(scored.groups[r]));
    if (!probability_.empty()) is_tied_.push_back(probability_.back() == p);
    probability_.push_back(p);
    label_.push_back(y);
    logit_.push_back(std::log(Bounded(p) / (1 - Bounded(p))));
    group_.push_back(group);
    if (group >= sums_.size()) sums_.resize(group + 1);
    const double error = p - static_cast<double>(y);
    sums_[group].Add({1, y > 0.5f ? 1.0 : 0.0, RowLoss(p, y),
                      RowLoss(constants[r], y), error * error},
                     1);
  }
  is_tied_.push_back(0);
}

double SortedRows::WeightOf(absl::Span<const double> weights) const {
  return SumOf(weights).rows;
}

SortedRows::Sums SortedRows::SumOf(absl::Span<const double> weights) const {
  Sums all;
  for (std::size_t g = 0; g < sums_.size(); ++g) all.Add(sums_[g], weights[g]);
  return all;
}

template <bool kWithEce>
void SortedRows::MeasureRanking(absl::Span<const double> weights,
                                const Sums& sums, Figures& out) const {
  std::array<double, kEceBins> surplus{};
  double seen = 0, found = 0, area = 0, precision = 0;
  double top_all = 0, top_found = 0;
  const double top = sums.rows / kDeciles;
  VisitTies(weights, [&](double p, double tie, double tie_positive) {
    // Negatives of the tie lie below all positives found before, and beside
    // half of those of the tie.
    area += (tie - tie_positive) * (found + tie_positive / 2);
    if (top_all < top) {
      const double share = std::min((top - top_all) / tie, 1.0);
      top_all += share * tie;
      top_found += share * tie_positive;
    }
    if constexpr (kWithEce) {
      surplus[BinOf(seen, tie, sums.rows, kEceBins)] += tie_positive - tie * p;
    }
    seen += tie;
    found += tie_positive;
    if (tie_positive > 0) precision += tie_positive * found / seen;
  });
  const double positives = sums.positives;
  out.auc = area / (positives * (sums.rows - positives));
  out.average_precision = precision / positives;
  out.lift = top_all > 0 ? top_found / top_all / (positives / sums.rows) : 0;
  out.ece = 0;
  for (const double bin : surplus) out.ece += std::abs(bin) / sums.rows;
  out.log_loss = sums.loss / sums.rows;
  out.log_loss_constant = sums.constant_loss / sums.rows;
  out.brier = sums.brier / sums.rows;
}

bool SortedRows::MeasureBasics(absl::Span<const double> weights,
                               Figures& out) const {
  const Sums sums = SumOf(weights);
  if (sums.positives <= 0 || sums.positives >= sums.rows) return false;
  MeasureRanking<false>(weights, sums, out);
  return true;
}

Figures SortedRows::Measure(absl::Span<const double> weights) {
  Figures out;
  MeasureRanking<true>(weights, SumOf(weights), out);
  FindLine(weights, SlopesAt(weights, out.intercept, out.slope), kStepSmall,
           out);
  intercept_ = out.intercept;
  slope_ = out.slope;
  slopes_.assign(sums_.size(), Slopes());
  for (std::size_t k = 0; k < size(); ++k) {
    slopes_[group_[k]].Add(SlopesOfRow(k, intercept_, slope_), 1);
  }
  return out;
}

bool SortedRows::MeasureDraw(absl::Span<const double> weights,
                             Figures& out) const {
  const Sums sums = SumOf(weights);
  if (sums.positives <= 0 || sums.positives >= sums.rows) return false;
  MeasureRanking<true>(weights, sums, out);
  out.intercept = intercept_;
  out.slope = slope_;
  Slopes slopes;
  for (std::size_t g = 0; g < slopes_.size(); ++g) {
    slopes.Add(slopes_[g], weights[g]);
  }
  FindLine(weights, slopes, kStepSmallOfDraw, out);
  return true;
}

SortedRows::Slopes SortedRows::SlopesOfRow(std::size_t k, double intercept,
                                           double slope) const {
  const double x = logit_[k];
  const double p = 1 / (1 + std::exp(-(intercept + slope * x)));
  const double error = static_cast<double>(label_[k]) - p;
  const double weight = p * (1 - p);
  return {error, error * x, weight, weight * x, weight * x * x};
}

SortedRows::Slopes SortedRows::SlopesAt(absl::Span<const double> weights,
                                        double intercept, double slope) const {
  Slopes slopes;
  for (std::size_t k = 0; k < size(); ++k) {
    const double w = weights[group_[k]];
    if (w != 0) slopes.Add(SlopesOfRow(k, intercept, slope), w);
  }
  return slopes;
}

// Logistic regression of the label on the logit; ideal is slope 1, intercept 0
// (Cox 1958).
void SortedRows::FindLine(absl::Span<const double> weights, Slopes slopes,
                          double step_small, Figures& out) const {
  double a = out.intercept, b = out.slope;
  for (int step = 0; step < kStepsMax; ++step) {
    if (step > 0) slopes = SlopesAt(weights, a, b);
    const double h00 = slopes.h00 + 1e-9, h11 = slopes.h11 + 1e-9;
    const double det = h00 * h11 - slopes.h01 * slopes.h01;
    if (det < 1e-9) break;
    const double d0 =
        std::clamp((h11 * slopes.g0 - slopes.h01 * slopes.g1) / det, -3.0, 3.0);
    const double d1 =
        std::clamp((h00 * slopes.g1 - slopes.h01 * slopes.g0) / det, -1.0, 1.0);
    a += d0;
    b += d1;
    if (std::abs(d0) + std::abs(d1) < step_small) break;
  }
  out.intercept = a;
  out.slope = b;
}

}  // namespace tenuto
