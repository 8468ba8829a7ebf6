// Rows to learn from or to test on, with what splits and intervals need to know
// about each: whose row it is and when it was taken.
// Value type; not thread-safe.
#ifndef TENUTO_TRAINING_TRAINING_MATRIX_H_
#define TENUTO_TRAINING_TRAINING_MATRIX_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"

namespace tenuto {

struct TrainingMatrix {
  std::vector<std::string> columns;
  std::vector<float> values;  // Row-major, columns.size() wide; NaN: missing.
  std::vector<float> labels;  // 0 or 1, one a row.
  // Rows of one user (or key) have the same group: splits keep a group whole
  // where asked, and the bootstrap draws groups.
  std::vector<std::uint64_t> groups;
  std::vector<std::int64_t> times_s;  // Snapshot, epoch seconds.

  int width() const { return static_cast<int>(columns.size()); }
  int rows() const { return static_cast<int>(labels.size()); }
  absl::Span<const float> row(int r) const {
    return absl::MakeConstSpan(values).subspan(
        static_cast<std::size_t>(r) * columns.size(), columns.size());
  }
  std::int64_t positives() const;

  // The rows whose indices are given, in that order.
  TrainingMatrix Select(absl::Span<const int> rows) const;
  // The columns whose indices are given, in that order.
  TrainingMatrix SelectColumns(absl::Span<const int> columns) const;
};

// The constant that every model must beat: the share of positives among all
// rows that a window may learn from. One a window, everywhere.
double BaseRate(const TrainingMatrix& train, const TrainingMatrix& calibrate);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_TRAINING_MATRIX_H_
