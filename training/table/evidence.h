// Is a rule that tells the target without fault a leak or luck? Judged by
// description length: a rule is certain when naming the positive rows by it
// takes far fewer bits than listing them, its exceptions and the number of
// rules tried included. One threshold then fits every size of table.
// Thread-safe.
#ifndef TENUTO_TRAINING_TABLE_EVIDENCE_H_
#define TENUTO_TRAINING_TABLE_EVIDENCE_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace tenuto {

double Log2Choose(double n, double k);

// What it takes to list the positives. Counted in groups, because rows of one
// user are not independent: a rule that tells users apart explains nothing.
double ListingBits(absl::Span<const float> labels,
                   absl::Span<const std::uint64_t> groups);

// How well a rule tells the target of `rows` rows.
struct RuleFit {
  std::int64_t rows = 0;
  std::int64_t positives = 0;
  std::int64_t errors = 0;
  double rule_bits = 0;  // What it takes to write the rule down.

  // Share of errors that still counts as "equals": one in a thousand rows of
  // the rarer class.
  bool IsExact() const;
  // Exact, and not by chance when `rules_tried` rules of its kind were tried
  // and listing the positive rows takes `listing_bits`.
  bool IsCertain(double rules_tried, double listing_bits) const;
};

// "Each value has its outcome." `codes` number the values, -1 is missing.
struct ValueRule {
  RuleFit fit;
  std::vector<bool> positive;  // A code each.
  bool missing_is_positive = false;
};
ValueRule FitValueRule(absl::Span<const int> codes, int code_count,
                       absl::Span<const float> labels);

// "Positive on one side of a cut", missing on either. NaN is missing.
struct CutRule {
  RuleFit fit;
  double cut = 0;  // Between two values.
  bool positive_below = false;
  bool missing_is_positive = false;
};
CutRule FitCutRule(absl::Span<const double> values,
                   absl::Span<const float> labels);

// Probability that a positive row has the greater value, ties half, of rows
// that are not missing; 0.5 when one class is empty.
double AucOfValues(absl::Span<const double> values,
                   absl::Span<const float> labels);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_TABLE_EVIDENCE_H_
