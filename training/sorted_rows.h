// Scored rows as a bootstrap wants them: sorted once, and whatever is a plain
// sum over rows summed up by user beforehand, because a draw only changes how
// often each user counts.
// Value types; not thread-safe.
#ifndef TENUTO_TRAINING_SORTED_ROWS_H_
#define TENUTO_TRAINING_SORTED_ROWS_H_

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "training/calibration_line.h"
#include "training/evaluator.h"

namespace tenuto {

inline constexpr int kEceBins = 20;
inline constexpr int kDeciles = 10;

// Of a probability that is kept away from 0 and 1.
double RowLoss(double probability, float label);
// Where a block goes whose middle lies at this share of the weight.
std::size_t BinOf(double seen, double tie, double all, int bins);

// Every figure of an evaluation, without intervals.
struct Figures {
  double auc = 0, average_precision = 0, log_loss = 0, log_loss_constant = 0,
         brier = 0, ece = 0, slope = 1, intercept = 0, lift = 0;
};

// Numbers groups from 0, the same for every set of rows that shares it.
class GroupNumbers {
 public:
  int Of(std::uint64_t group) {
    return numbers_.try_emplace(group, static_cast<int>(numbers_.size()))
        .first->second;
  }
  int count() const { return static_cast<int>(numbers_.size()); }

 private:
  absl::flat_hash_map<std::uint64_t, int> numbers_;
};

// Rows of equal probability are taken as one block everywhere, so that no
// figure depends on the order in which ties happen to lie. `weights` are by
// group; of a group with 0 no row counts.
class SortedRows {
 public:
  SortedRows(const ScoredRows& scored, absl::Span<const double> constants,
             GroupNumbers& numbers);

  std::size_t size() const { return label_.size(); }
  double WeightOf(absl::Span<const double> weights) const;

  // Calls visit(probability, weight, weight of the positives) for each block,
  // highest first, also of no weight: whether a block has any is unpredictable.
  template <typename Visit>
  void VisitTies(absl::Span<const double> weights, Visit visit) const {
    for (std::size_t k = 0; k < size(); ++k) {
      double all = weights[group_[k]];
      double positive = label_[k] > 0.5f ? all : 0;
      for (; is_tied_[k] != 0; ++k) {
        const double w = weights[group_[k + 1]];
        all += w;
        if (label_[k + 1] > 0.5f) positive += w;
      }
      visit(probability_[k], all, positive);
    }
  }

  // Ranking and losses. False when a class has no weight.
  bool MeasureBasics(absl::Span<const double> weights, Figures& out) const;
  // Every figure. Remembers the line of calibration, where draws will begin.
  Figures Measure(absl::Span<const double> weights);
  // The same of a draw.
  bool MeasureDraw(absl::Span<const double> weights, Figures& out) const;

 private:
  // Of a group: what a draw has as often as it has the group.
  struct Sums {
    double rows = 0, positives = 0, loss = 0, constant_loss = 0, brier = 0;
    void Add(const Sums& more, double times);
  };

  Sums SumOf(absl::Span<const double> weights) const;
  template <bool kWithEce>
  void MeasureRanking(absl::Span<const double> weights, const Sums& sums,
                      Figures& out) const;

  std::vector<double> probability_;
  std::vector<float> label_;
  std::vector<std::uint32_t> group_;
  std::vector<std::uint8_t> is_tied_;  // With the next row.
  std::vector<Sums> sums_;             // By group.
  CalibrationLine line_;
};

}  // namespace tenuto

#endif  // TENUTO_TRAINING_SORTED_ROWS_H_
