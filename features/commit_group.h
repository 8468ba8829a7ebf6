// Group commit across callers: while one commit waits for the disk, the events
// of other callers gather and become the next one together. One sync then
// serves them all, and one thread waits for it; a second one plans the next
// group meanwhile where there is enough of it.
#ifndef TENUTO_FEATURES_COMMIT_GROUP_H_
#define TENUTO_FEATURES_COMMIT_GROUP_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "features/ledger.h"

namespace tenuto {

// Thread-safe. The ledger must outlive it, and it every caller's answer.
class CommitGroup {
 public:
  using Verdicts = absl::StatusOr<std::vector<Admission>>;
  using Done = std::function<void(Verdicts)>;
  // Runs work on another thread; false when it cannot take it.
  using Run = std::function<bool(std::function<void()>)>;

  struct Limits {
    std::size_t events_max;   // A group with as many takes no further caller.
    std::size_t callers_max;  // More do not wait.
  };

  // `run` is for commits; `run_now` for answers, which should not wait behind
  // other work.
  CommitGroup(Ledger& ledger, const Limits& limits, Run run, Run run_now)
      : ledger_(ledger),
        limits_(limits),
        run_(std::move(run)),
        run_now_(std::move(run_now)) {}

  // As Ledger::Commit, but does not wait: `done` is called once, from any
  // thread and maybe at once, with one verdict an event, in order, when they
  // are durable; with kResourceExhausted when too many wait. When a group fails
  // each of its callers is tried alone, so that no caller hears of another
  // one's fault.
  void Commit(std::vector<GatedEvent> events, Done done)
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Caller {
    std::vector<GatedEvent> events;
    Done done;
  };
  using Callers = std::vector<Caller>;

  // Commits `group` and then whoever waits.
  void CommitAll(Callers group) ABSL_LOCKS_EXCLUDED(mutex_);
  // A group for one more committer, who is counted; empty where it would not
  // pay.
  Callers TakeGroup() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The next group of a committer; empty when it ends.
  Callers NextGroup() ABSL_LOCKS_EXCLUDED(mutex_);
  // No thread is free for `group`: it waits for the other committer, or is
  // refused with all that wait.
  void GiveBack(Callers group) ABSL_LOCKS_EXCLUDED(mutex_);
  // Takes the events out of `group`. One a caller, in order.
  std::vector<Verdicts> CommitTogether(Callers& group) const;

  Ledger& ledger_;
  const Limits limits_;
  const Run run_;
  const Run run_now_;
  absl::Mutex mutex_;
  std::deque<Caller> waiting_ ABSL_GUARDED_BY(mutex_);
  std::size_t waiting_events_ ABSL_GUARDED_BY(mutex_) = 0;
  int committers_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_COMMIT_GROUP_H_
