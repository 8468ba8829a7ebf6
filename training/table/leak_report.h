// Columns that give the target away or were not known when the prediction is
// due. Certain are those that equal the target alone, in a pair or in a sum
// (evidence.h says when it is no luck); they are refused. Others that look as
// if are reported and kept: a strong signal is no crime.
// Thread-safe.
#ifndef TENUTO_TRAINING_TABLE_LEAK_REPORT_H_
#define TENUTO_TRAINING_TABLE_LEAK_REPORT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "training/table/column_types.h"

namespace tenuto {

struct LeakFinding {
  std::string column;
  std::string reason;
  bool refused = false;
};

struct LeakQuestion {
  // Candidates for features: neither target, key nor time.
  absl::Span<const TypedColumn> columns;
  absl::Span<const float> labels;
  absl::Span<const std::uint64_t> groups;  // Whose row it is.
  std::string target;                      // Name of its column.
  std::string positive;                    // The text that means 1.
  // Days since 1970 a row, when its features were known; empty: not told.
  absl::Span<const double> known_days;
};

// Refused columns first, each once, in the order of the table.
std::vector<LeakFinding> FindLeaks(const LeakQuestion& question);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_TABLE_LEAK_REPORT_H_
