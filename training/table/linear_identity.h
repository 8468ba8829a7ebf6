// Does a sum of columns equal the target? A log counted in two ways gives it
// away that way: all events less the events of every page but "cancel".
// Thread-safe.
#ifndef TENUTO_TRAINING_TABLE_LINEAR_IDENTITY_H_
#define TENUTO_TRAINING_TABLE_LINEAR_IDENTITY_H_

#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "training/table/column_types.h"
#include "training/table/evidence.h"

namespace tenuto {

struct LinearIdentity {
  struct Term {
    int column = 0;  // Index into the columns given.
    double weight = 0;
  };
  std::vector<Term> terms;  // None can be left out; widest spread first.
  double intercept = 0;
  RuleFit fit;
};

// The sum of numeric columns that equals `labels`, or nothing. Columns that are
// refused already are passed over. Solved on several small parts of the rows,
// so that a few odd rows cannot hide it; checked on all of them.
std::optional<LinearIdentity> FindLinearIdentity(
    absl::Span<const TypedColumn> columns, absl::Span<const float> labels,
    const std::vector<bool>& refused, double listing_bits);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_TABLE_LINEAR_IDENTITY_H_
