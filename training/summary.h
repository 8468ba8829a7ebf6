// The machine-readable result of a training run, as scripts read it from
// --summary. Keys stand in one fixed order; a figure that is not finite is
// null, because JSON has no other word for it.
// Thread-safe.
#ifndef TENUTO_TRAINING_SUMMARY_H_
#define TENUTO_TRAINING_SUMMARY_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "training/evaluator.h"

namespace tenuto {

struct DroppedColumn {
  std::string column;
  std::string reason;
};

// Value type.
struct TrainingReport {
  std::string model;
  std::int64_t version = 0;
  bool is_champion = false;
  std::int64_t rows_train = 0;
  std::int64_t rows_calibrate = 0;
  std::int64_t rows_test = 0;
  Evaluation test;
  std::vector<DroppedColumn> dropped_columns;
  std::vector<std::pair<std::string, double>> seconds;  // A stage each.
  // Further members of the object: key and JSON text.
  std::vector<std::pair<std::string, std::string>> extra;
};

// One line of JSON and its end of line.
std::string SummaryJson(const TrainingReport& report);

// Pieces of JSON, for `extra` and for the summaries of other verbs.
std::string JsonString(absl::string_view text);
std::string JsonNumber(double value);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_SUMMARY_H_
