// Point-in-time rows from a ledger: for every eligible user at every snapshot,
// the features as they were known then and what happened within the horizon
// after.
// Thread-safe.
#ifndef TENUTO_TRAINING_LEDGER_ROWS_H_
#define TENUTO_TRAINING_LEDGER_ROWS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "features/base/clock.h"
#include "features/eligibility.h"
#include "features/feature_plan.h"
#include "features/ledger.h"
#include "training/labeler.h"
#include "training/training_matrix.h"

namespace tenuto {

struct RowSchedule {
  std::vector<absl::Time> snapshots;  // Rising.
  absl::Duration horizon;
  Eligible eligible = Eligible::kPaid;
};

struct LedgerRows {
  TrainingMatrix matrix;
  std::int64_t events = 0;  // Replayed.
  std::int64_t users = 0;   // With any event.
  double seconds = 0;
};

// Replays the whole log on `threads` threads; rows come by partition, user and
// snapshot, the same on any number of threads. Users who have withdrawn their
// consent by the end of the log give no row. Only columns of `plan`.
absl::StatusOr<LedgerRows> BuildRows(const Ledger& ledger,
                                     const FeaturePlan& plan,
                                     const Labeler& labeler,
                                     const RowSchedule& schedule, int threads,
                                     const Clock& clock);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_LEDGER_ROWS_H_
