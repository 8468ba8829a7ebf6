// Group commit across callers: while one commit waits for the disk, the events
// of other callers gather and become the next one together. One sync then
// serves them all.
#ifndef TENUTO_FEATURES_COMMIT_GROUP_H_
#define TENUTO_FEATURES_COMMIT_GROUP_H_

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "features/ledger.h"

namespace tenuto {

// Thread-safe. The ledger must outlive it.
class CommitGroup {
 public:
  // A group takes further callers while it has fewer events than `events_max`.
  CommitGroup(Ledger& ledger, std::size_t events_max)
      : ledger_(ledger), events_max_(events_max) {}

  // As Ledger::Commit: one verdict an event, in order, once they are durable.
  // When a group fails each of its callers is tried alone, so that no caller
  // hears of another one's fault.
  absl::StatusOr<std::vector<Admission>> Commit(std::vector<GatedEvent> events)
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  using Verdicts = absl::StatusOr<std::vector<Admission>>;
  struct Caller {
    const std::vector<GatedEvent> events;
    std::optional<Verdicts> verdicts;
  };
  // `first` and those who have waited longest.
  std::vector<Caller*> TakeGroup(Caller& first)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::vector<Verdicts> CommitTogether(const std::vector<Caller*>& group) const;

  Ledger& ledger_;
  const std::size_t events_max_;
  absl::Mutex mutex_;
  std::deque<Caller*> waiting_ ABSL_GUARDED_BY(mutex_);
  bool committing_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_COMMIT_GROUP_H_
