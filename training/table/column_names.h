// What the name of a column says about it. Names only raise doubts or explain;
// the one exception is the quartet of a cost matrix.
// Thread-safe.
#ifndef TENUTO_TRAINING_TABLE_COLUMN_NAMES_H_
#define TENUTO_TRAINING_TABLE_COLUMN_NAMES_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace tenuto {

// "userId2", "user_id_2" and "User ID 2" are the words user, id, 2.
std::vector<std::string> WordsOfName(absl::string_view name);

// "user_id", "uuid", "customerID": names a thing instead of measuring it.
bool IsIdentifierName(absl::string_view name);

// Dates that lie ahead by nature: contract end, next renewal, card expiry.
bool IsPlannedDate(absl::string_view name);

// A word of the target's name, prefixes like "did" and "is" aside.
bool SharesWordWithTarget(absl::string_view name, absl::string_view target);

// Columns whose names end in fp, fn, tp, tn after the same beginning, when at
// least three of the four are there: what each decision costs, by row.
std::vector<int> CostMatrixColumns(const std::vector<std::string>& names);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_TABLE_COLUMN_NAMES_H_
