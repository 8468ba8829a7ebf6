// Point-in-time rows from a ledger: for every eligible user at every snapshot,
// the features as they were known then, and what happened within the horizon
// after, as far as one who looks back from a later moment can know.
// Thread-safe.
#ifndef TENUTO_TRAINING_LEDGER_ROWS_H_
#define TENUTO_TRAINING_LEDGER_ROWS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "features/base/clock.h"
#include "features/eligibility.h"
#include "features/feature_plan.h"
#include "features/ledger.h"
#include "training/departures.h"
#include "training/labeler.h"
#include "training/training_matrix.h"

namespace tenuto {

struct RowSchedule {
  std::vector<absl::Time> snapshots;  // Rising.
  absl::Duration horizon;
  Eligible eligible = Eligible::kPaid;
};

// What of one user's log decides about labels.
struct UserOutcome {
  Labeler::Timeline timeline;
  std::vector<Departures::Moment> departures;
};

// Value type; not thread-safe.
struct LedgerRows {
  // Labelled with everything that the log knows by its end.
  TrainingMatrix matrix;
  std::vector<UserOutcome> outcomes;
  std::vector<std::int32_t> outcome_of_row;
  std::int64_t events = 0;                             // Replayed.
  std::int64_t users = 0;                              // With any event.
  std::map<std::int64_t, std::int64_t> events_of_day;  // By day of knowing.
  double seconds = 0;

  // The rows whose snapshot is one of `times` (rising), labelled with what was
  // known by `known_by`, without those of users of whom it was known by then
  // that they had left before the snapshot.
  TrainingMatrix Select(absl::Span<const absl::Time> times,
                        absl::Duration horizon, absl::Time known_by) const;
  // How many rows are of users who had left before the snapshot.
  std::int64_t CountLeftBefore() const;
};

// Replays the whole log on `threads` threads. Rows come by snapshot and, within
// one, by their group, which is a hash of what was known of the user at the
// first row: neither order nor groups depend on the ledger's secret key, on
// threads or on what came later. Users who have withdrawn their consent by the
// end of the log give no row. Only columns of `plan`.
absl::StatusOr<LedgerRows> BuildRows(const Ledger& ledger,
                                     const FeaturePlan& plan,
                                     const Labeler& labeler,
                                     const RowSchedule& schedule, int threads,
                                     const Clock& clock);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_LEDGER_ROWS_H_
