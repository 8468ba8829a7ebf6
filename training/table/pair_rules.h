// Two columns that together equal the target: a == b, a - b against a cut, or
// a table of their values (and, or, exclusive or).
// Thread-safe.
#ifndef TENUTO_TRAINING_TABLE_PAIR_RULES_H_
#define TENUTO_TRAINING_TABLE_PAIR_RULES_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "training/table/column_types.h"
#include "training/table/evidence.h"

namespace tenuto {

struct PairLeak {
  enum class Rule { kEqual, kUnequal, kBelow, kAbove, kValues };
  std::size_t a = 0;
  std::size_t b = 0;
  Rule rule = Rule::kValues;
  double cut = 0;  // Of a - b, for kBelow and kAbove.
  RuleFit fit;

  // "a differs from b".
  std::string Describe(absl::string_view a_name,
                       absl::string_view b_name) const;
};

// The values of a column numbered from 0; -1 is missing.
std::vector<int> CodesOf(const TypedColumn& column);

// Pairs that certainly equal the target, no column in two of them; columns that
// are refused already are passed over. Of more than 200 columns the 200 with
// the fewest values are tried.
std::vector<PairLeak> FindPairLeaks(absl::Span<const TypedColumn> columns,
                                    absl::Span<const float> labels,
                                    const std::vector<bool>& refused,
                                    double listing_bits);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_TABLE_PAIR_RULES_H_
