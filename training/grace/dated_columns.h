// Columns that tell the date. A log is younger than its users: counts since it
// began and windows longer than it grow with it, so that what a forest learns
// of them in its first months is said of everybody in later ones. Calibration
// on stretches of the same months does not see it. A column that is missing in
// the first months alone, and does not grow when it is known, stays: what is
// learned of its absence is said of nobody later.
// Thread-safe.
#ifndef TENUTO_TRAINING_GRACE_DATED_COLUMNS_H_
#define TENUTO_TRAINING_GRACE_DATED_COLUMNS_H_

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "training/training_matrix.h"

namespace tenuto {

// Correlation of ranks (Spearman 1904), ties in the middle; 0 where one of them
// is constant. Of equal length.
double RankCorrelation(absl::Span<const double> x, absl::Span<const double> y);

// In order: the columns whose value, where it is known, has a rank
// correlation with times_s beyond 0.2 either way. Give one row a case; of fewer
// than 100 known values nothing can be said.
std::vector<int> FindDatedColumns(const TrainingMatrix& rows);

// Missing everywhere: a forest cannot ask for them.
void EmptyColumns(absl::Span<const int> columns, TrainingMatrix& rows);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_GRACE_DATED_COLUMNS_H_
