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

// Of one commit; its room is used for one user after another. Not thread-safe.
// What it is made of must outlive it.
class CommitPlan {
 public:
  CommitPlan(const SignalFold& fold, absl::Span<const GatedEvent> events,
             int receipt_day)
      : fold_(fold),
        events_(events),
        receipt_day_(receipt_day),
        verdicts_(events.size(), Admission::kAccepted),
        folded_(fold.layout()) {}

  // `state` and `seen` are what the ledger holds of the user. Takes as many
  // positions from `next` as events are new. kDataLoss when the state does not
  // decode.
  absl::Status Plan(const UserGroup& group, absl::string_view state,
                    const SeenEvents& seen, Position& next, UserWrite& write);

  // Of the events whose users were planned, in their order.
  std::vector<Admission>& verdicts() { return verdicts_; }
  // What LateEvents is to count when the commit is durable.
  std::vector<int>& late() { return late_; }

 private:
  void FindNew(const UserGroup& group, const SeenEvents& seen);

  const SignalFold& fold_;
  const absl::Span<const GatedEvent> events_;
  const int receipt_day_;
  std::vector<Admission> verdicts_;
  std::vector<int> late_;
  UserState folded_;
  EventView view_;
  std::vector<int> accepted_;  // Indices of a user's new events.
};

// What CommitOnce says to a known request id with another body.
inline absl::Status OtherBodyError() {
  return absl::InvalidArgumentError(
      "request_id was used before with another request; take a new one");
}

}  // namespace tenuto

#endif  // TENUTO_FEATURES_COMMIT_PLAN_H_
