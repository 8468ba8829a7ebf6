// What one commit does to one user: which events are new, the log record, the
// folded state and the duplicate marks. The one algorithm behind every Ledger;
// an implementation only loads, locks and writes.
#ifndef TENUTO_FEATURES_COMMIT_PLAN_H_
#define TENUTO_FEATURES_COMMIT_PLAN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "features/late_events.h"
#include "features/ledger.h"
#include "features/seen_events.h"
#include "features/signal_fold.h"

namespace tenuto {

// Indices of the events of one user in a batch, in batch order.
struct UserGroup {
  UserKey user;
  std::vector<int> events;
};
// Groups by rising user key.
std::vector<UserGroup> GroupByUser(absl::Span<const GatedEvent> events);

// What to write for one user. Empty `record`: nothing new.
struct UserWrite {
  Position first = 0;
  std::string record;     // Value of the log at (partition, first).
  std::string state;      // Replaces the user's state.
  std::string new_marks;  // Of seen_events.h, merged to the user's.
};

// Thread-safe: immutable. What it is made of must outlive it.
class CommitPlan {
 public:
  // Late events of signals are counted in `late`.
  CommitPlan(const SignalFold& fold, LateEvents& late)
      : fold_(fold), late_(late) {}

  // `state` and `seen` are what the ledger holds of the user. Sets `verdicts`
  // of the group's events. Takes as many positions from `next` as events are
  // new. kDataLoss when the state does not decode.
  absl::Status Plan(absl::Span<const GatedEvent> events, const UserGroup& group,
                    absl::string_view state, const SeenEvents& seen,
                    int receipt_day, Position& next,
                    std::vector<Admission>& verdicts, UserWrite& write) const;

 private:
  const SignalFold& fold_;
  LateEvents& late_;
};

// What CommitOnce says to a known request id with another body.
inline absl::Status OtherBodyError() {
  return absl::InvalidArgumentError(
      "request_id was used before with another request; take a new one");
}

}  // namespace tenuto

#endif  // TENUTO_FEATURES_COMMIT_PLAN_H_
