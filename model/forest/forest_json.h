// Reads the JSON that XGBoost 1.7 to 3.x saves a model as. Numbers are read as
// floats at once, not through doubles, so that they are XGBoost's bit for bit.
// Thread-safe.
#ifndef TENUTO_MODEL_FOREST_FOREST_JSON_H_
#define TENUTO_MODEL_FOREST_FOREST_JSON_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "model/forest/forest.h"

namespace tenuto {

// A valid forest (ValidateForest) that reads `columns` columns.
// kInvalidArgument names the tree and node, or the field: bytes that are no
// such model, another number of columns, and what no engine of ours computes:
// boosters other than gbtree, several outputs, categorical splits, objectives
// whose base score has no margin.
absl::StatusOr<Forest> ReadForestJson(absl::string_view model_json,
                                      int columns);

}  // namespace tenuto

#endif  // TENUTO_MODEL_FOREST_FOREST_JSON_H_
