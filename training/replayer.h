// Turns the log back into users and their states as they were known at chosen
// moments, using the very code that serves: SignalFold to write, FeaturePlan to
// read. Memory is bounded by the events of one of 256 partitions.
#ifndef TENUTO_TRAINING_REPLAYER_H_
#define TENUTO_TRAINING_REPLAYER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "features/ledger.h"
#include "features/signal_fold.h"

namespace tenuto {

// Visits every user of a partition with all their events, by position; users
// by rising key. An error of `visit` ends the visit and is returned.
// Thread-safe: partitions may be visited side by side.
absl::Status VisitUsers(const Ledger& ledger, int partition,
                        absl::FunctionRef<absl::Status(
                            const UserKey&, absl::Span<const LoggedEvent>)>
                            visit);

// Calls `work(partition)` for all partitions on `threads` threads. The first
// error in partition order is returned.
absl::Status ForEachPartition(
    int threads, absl::FunctionRef<absl::Status(int partition)> work);

// A number for one user, from what was known at a moment: neither the ledger's
// secret key nor anything learned later is in it. Positions in the log would
// not do: the ledger orders a commit by user key.
std::uint64_t GroupOf(absl::Span<const LoggedEvent> events,
                      absl::Time known_by);

// One user's state, moved forward in time. Not thread-safe.
class UserReplay {
 public:
  // `events` of one user must outlive it, as must `fold`.
  UserReplay(const SignalFold& fold, absl::Span<const LoggedEvent> events);

  // Folds everything known at `known_through`; moments must not fall. kDataLoss
  // names the position of an event that does not parse.
  absl::Status Advance(absl::Time known_through);
  const UserState& state() const { return state_; }
  // Advances; the state encoded. The view lives until the next call.
  absl::StatusOr<absl::string_view> StateAt(absl::Time known_through);

 private:
  const SignalFold& fold_;
  std::vector<const LoggedEvent*> by_known_time_;
  std::size_t next_ = 0;
  UserState state_;
  std::string bytes_;
};

}  // namespace tenuto

#endif  // TENUTO_TRAINING_REPLAYER_H_
