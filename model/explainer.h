// Contributions turned into the sentences of the catalogue: why this user is
// likely, or unlikely, to leave.
#ifndef TENUTO_MODEL_EXPLAINER_H_
#define TENUTO_MODEL_EXPLAINER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "model/model_bundle.h"

namespace tenuto {

struct ExplainedColumn {
  std::string feature;
  std::string family;
  float value = 0;         // NaN when missing.
  float contribution = 0;  // Log-odds; positive raises the risk.
};

struct Explanation {
  float bias = 0;
  std::vector<ExplainedColumn> columns;  // Largest magnitude first.
  std::vector<std::string> reasons;      // Strongest family first, none twice.
};

// `row` is bundle.width() wide. At most one reason a feature family, so that
// five reasons are five different things: families are ordered by the sum of
// their contributions, and of the columns that pull as the sum does the largest
// gives the sentence. Thread-safe.
absl::StatusOr<Explanation> Explain(const ModelBundle& bundle,
                                    absl::Span<const float> row,
                                    int reason_count_max);

}  // namespace tenuto

#endif  // TENUTO_MODEL_EXPLAINER_H_
