// From the cells of a table to the floats of a row. What is learned (which
// texts exist, how frequent they are) comes from the rows that learn, is kept
// in the bundle's columns, and is all that scoring needs.
// Thread-safe.
#ifndef TENUTO_TRAINING_TABLE_TABLE_ENCODER_H_
#define TENUTO_TRAINING_TABLE_TABLE_ENCODER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "tenuto/v1/bundle.pb.h"
#include "training/summary.h"
#include "training/table/column_types.h"
#include "training/table/csv_reader.h"

namespace tenuto {

struct TableSchema {
  std::vector<v1::Column> columns;
  std::vector<DroppedColumn> dropped;  // Says nothing, or names its row.
};

// Texts of at most 10 kinds become one column a kind, others one column of
// codes by falling frequency. Constant columns, identifiers and texts that are
// nearly all different are dropped.
TableSchema LearnSchema(absl::Span<const TypedColumn> columns,
                        absl::Span<const int> train_rows);

// Row-major, columns.size() wide, NaN is missing. Texts that were not learned
// are missing. kInvalidArgument naming a column that the table lacks, or the
// line and cell that is not of the column's type.
absl::StatusOr<std::vector<float>> EncodeTable(
    const CsvTable& table, absl::Span<const v1::Column> columns,
    absl::Span<const int> rows);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_TABLE_TABLE_ENCODER_H_
