// Scores users of a ledger as they were known at one moment of its past: what
// the server would have said then. For logs that ended long ago, where a server
// that reads them now hears only silence.
// Thread-safe.
#ifndef TENUTO_TRAINING_SCORE_LEDGER_H_
#define TENUTO_TRAINING_SCORE_LEDGER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "features/ledger.h"
#include "features/user_key.h"
#include "model/model_bundle.h"

namespace tenuto {

// Value type; not thread-safe.
struct PastScore {
  bool known = false;     // Some event of this user was known.
  bool eligible = false;  // On a paid plan.
  double probability = 0;
  std::vector<std::string> reasons;  // Strongest first.
};

// One score a user, in order; the same on any number of threads. Replays the
// log and reads nothing that was not known at `as_of`. kInvalidArgument for a
// bundle of a table.
absl::StatusOr<std::vector<PastScore>> ScorePast(
    const Ledger& ledger, const ModelBundle& bundle,
    absl::Span<const UserKey> users, absl::Time as_of, int reason_count_max,
    int threads);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_SCORE_LEDGER_H_
