#include "training/sorted_rows.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace tenuto {
namespace {

constexpr double kProbabilityFloor = 1e-12;

double Bounded(double probability) {
  return std::clamp(probability, kProbabilityFloor, 1 - kProbabilityFloor);
}

// Sums of bins that are met one after another: a block's bin is worked out only
// where it may be another than that of the block before.
class BinWalk {
 public:
  explicit BinWalk(double all) : all_(all) {}

  void Add(double seen, double tie, double surplus) {
    if (seen + tie / 2 >= edge_) Enter(BinOf(seen, tie, all_, kEceBins));
    sum_ += surplus;
  }
  double Ece() {
    Enter(bin_);
    double ece = 0;
    for (const double sum : sums_) ece += std::abs(sum) / all_;
    return ece;
  }

 private:
  void Enter(std::size_t bin) {
    sums_[bin_] = sum_;
    bin_ = bin;
    sum_ = sums_[bin_];
    // A little low, so that rounding decides nothing.
    edge_ = all_ * (static_cast<double>(bin + 1) / kEceBins - 1e-9);
  }

  const double all_;
  std::array<double, kEceBins> sums_{};
  std::size_t bin_ = 0;
  double sum_ = 0;
  double edge_ = 0;
};

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
    group_.push_back(group);
    line_.Add(std::log(Bounded(p) / (1 - Bounded(p))), y, group);
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
  double seen = 0, found = 0, area = 0, precision = 0;
  double top_all = 0, top_found = 0;
  const double top = sums.rows / kDeciles;
  BinWalk bins(sums.rows);
  VisitTies(weights, [&](double p, double tie, double tie_positive) {
    // Negatives of the tie lie below all positives found before, and beside
    // half of those of the tie.
    area += (tie - tie_positive) * (found + tie_positive / 2);
    if (top_all < top && tie > 0) {
      const double share = std::min((top - top_all) / tie, 1.0);
      top_all += share * tie;
      top_found += share * tie_positive;
    }
    if constexpr (kWithEce) bins.Add(seen, tie, tie_positive - tie * p);
    seen += tie;
    found += tie_positive;
    if (tie_positive > 0) precision += tie_positive * found / seen;
  });
  const double positives = sums.positives;
  out.auc = area / (positives * (sums.rows - positives));
  out.average_precision = precision / positives;
  out.lift = top_all > 0 ? top_found / top_all / (positives / sums.rows) : 0;
  out.ece = bins.Ece();
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
  const CalibrationLine::Line line = line_.Fit(weights);
  out.intercept = line.intercept;
  out.slope = line.slope;
  return out;
}

bool SortedRows::MeasureDraw(absl::Span<const double> weights,
                             Figures& out) const {
  const Sums sums = SumOf(weights);
  if (sums.positives <= 0 || sums.positives >= sums.rows) return false;
  MeasureRanking<true>(weights, sums, out);
  const CalibrationLine::Line line = line_.FitDraw(weights);
  out.intercept = line.intercept;
  out.slope = line.slope;
  return true;
}

}  // namespace tenuto
