// Which column of a table plays which part: the target, whose row it is, when
// it was taken, and the candidates for features that are left.
// Thread-safe.
#ifndef TENUTO_TRAINING_TABLE_TABLE_ROLES_H_
#define TENUTO_TRAINING_TABLE_TABLE_ROLES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "training/summary.h"
#include "training/table/column_types.h"
#include "training/table/csv_reader.h"
#include "training/table/table_split.h"

namespace tenuto {

// As the command line gives them; empty: not given.
struct TableColumns {
  std::string target;
  std::vector<std::string> drop;
  std::string key;
  std::string time;
  std::string train_before;  // With `time`, both or none.
  std::string test_from;
  std::string as_of;  // When every row's features were known.
};

struct TableRoles {
  TargetColumn target;
  // A row each: hash of the key, or the row's number.
  std::vector<std::uint64_t> groups;
  std::vector<double> times;  // Empty without a time column.
  TimeLimits limits;
  bool times_are_dates = false;    // Days since 1970, else plain numbers.
  std::vector<double> known_days;  // Empty when it cannot be told.
  std::vector<TypedColumn> candidates;
  std::vector<DroppedColumn> dropped;  // Those that play a part, and --drop.
};

// kInvalidArgument naming the flag, column or line that is wrong.
absl::StatusOr<TableRoles> ReadRoles(const CsvTable& table,
                                     const TableColumns& columns);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_TABLE_TABLE_ROLES_H_
