#include "training/training_matrix.h"

namespace tenuto {

std::int64_t TrainingMatrix::positives() const {
  std::int64_t count = 0;
  for (const float label : labels) count += label > 0.5f;
  return count;
}

TrainingMatrix TrainingMatrix::Select(absl::Span<const int> rows) const {
  TrainingMatrix part;
  part.columns = columns;
  part.values.reserve(rows.size() * columns.size());
  for (const int r : rows) {
    const auto values_of_row = row(r);
    part.values.insert(part.values.end(), values_of_row.begin(),
                       values_of_row.end());
    const auto at = static_cast<std::size_t>(r);
    part.labels.push_back(labels[at]);
    part.groups.push_back(groups[at]);
    part.times_s.push_back(times_s[at]);
  }
  return part;
}

TrainingMatrix TrainingMatrix::SelectColumns(
    absl::Span<const int> wanted) const {
  TrainingMatrix part;
  for (const int c : wanted) {
    part.columns.push_back(columns[static_cast<std::size_t>(c)]);
  }
  part.values.reserve(wanted.size() * labels.size());
  for (int r = 0; r < rows(); ++r) {
    const auto values_of_row = row(r);
    for (const int c : wanted) {
      part.values.push_back(values_of_row[static_cast<std::size_t>(c)]);
    }
  }
  part.labels = labels;
  part.groups = groups;
  part.times_s = times_s;
  return part;
}

double BaseRate(const TrainingMatrix& train, const TrainingMatrix& calibrate) {
  return static_cast<double>(train.positives() + calibrate.positives()) /
         static_cast<double>(train.rows() + calibrate.rows());
}

}  // namespace tenuto
