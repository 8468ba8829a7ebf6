// What the cells of a table mean. Every cell is read by these functions, when a
// model learns and when it scores, so that the same text is the same number.
// Dates are read only in forms that have one meaning: 03/04/2017 has two.
#ifndef TENUTO_TRAINING_TABLE_COLUMN_TYPES_H_
#define TENUTO_TRAINING_TABLE_COLUMN_TYPES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tenuto/v1/bundle.pb.h"
#include "training/table/csv_reader.h"

namespace tenuto {

// Empty, NA, N/A, NaN, null, None, ?, - and the like, and infinite numbers.
bool IsMissingCell(absl::string_view cell);
std::optional<double> ParseNumber(absl::string_view cell);  // Always finite.
std::optional<bool> ParseBoolean(absl::string_view cell);
// Days since 1970-01-01 UTC, of ISO dates and times (2017-04-03,
// 2017/04/03, 2017-04-03 10:30, 2017-04-03T10:30:00.5+02:00), 3 Apr 2017,
// Apr 3, 2017 and 03.04.2017 (day first).
std::optional<double> ParseDateDays(absl::string_view cell);

// A column read by its inferred type. Value type; not thread-safe.
struct TypedColumn {
  std::string name;
  v1::ColumnType type = v1::COLUMN_TYPE_UNSPECIFIED;  // UNSPECIFIED: all empty.
  // A row each; NaN is missing. Of a category the index into `levels`.
  std::vector<double> values;
  std::vector<std::string> levels;  // In order of appearance.
  std::int64_t distinct = 0;        // Without missing.
  std::int64_t missing = 0;
  // A cell that kept an otherwise numeric or dated column a category.
  std::string odd_cell;
  std::int64_t odd_line = 0;

  bool is_numeric() const { return type != v1::COLUMN_TYPE_CATEGORY; }
};

// The narrowest type that reads every cell that is not missing: number, then
// boolean, then date, else category.
TypedColumn ReadColumn(const CsvTable& table, int column);

// The target as 0 or 1, and the text that means 1.
struct TargetColumn {
  std::vector<float> labels;
  std::string positive;
};
// kInvalidArgument: an empty cell (with its line), one value only, more than
// two, or two of which neither clearly means leaving.
absl::StatusOr<TargetColumn> ReadTarget(const CsvTable& table, int column);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_TABLE_COLUMN_TYPES_H_
