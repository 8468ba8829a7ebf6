#include "features/commit_group.h"

#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "absl/types/span.h"

namespace tenuto {

void CommitGroup::Commit(std::vector<GatedEvent> events, Done done) {
  bool is_first = false;
  bool is_full = false;
  {
    absl::MutexLock lock(&mutex_);
    is_full = waiting_.size() >= limits_.callers_max;
    if (!is_full) {
      waiting_.push_back({std::move(events), std::move(done)});
      is_first = !std::exchange(committing_, true);
    }
  }
  if (is_full) {
    return done(absl::ResourceExhaustedError("too many wait for the disk"));
  }
  if (is_first && !run_([this] { CommitWaiting(); })) RefuseWaiting();
}

// Answers come after the next group is on its way: the disk need not wait for
// them. What answers last touches nothing of ours any more.
void CommitGroup::CommitWaiting() {
  for (bool goes_on = true; goes_on;) {
    Callers group = TakeGroup();
    std::vector<Verdicts> verdicts = CommitTogether(group);
    goes_on = HandOn();
    for (std::size_t k = 0; k < group.size(); ++k) {
      group[k].done(std::move(verdicts[k]));
    }
  }
}

CommitGroup::Callers CommitGroup::TakeGroup() {
  absl::MutexLock lock(&mutex_);
  Callers group;
  std::size_t events = 0;
  while (!waiting_.empty() && events < limits_.events_max) {
    events += waiting_.front().events.size();
    group.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return group;
}

bool CommitGroup::HandOn() {
  {
    absl::MutexLock lock(&mutex_);
    committing_ = !waiting_.empty();
    if (!committing_) return false;
  }
  return !run_([this] { CommitWaiting(); });
}

void CommitGroup::RefuseWaiting() {
  std::deque<Caller> refused;
  {
    absl::MutexLock lock(&mutex_);
    committing_ = false;
    refused.swap(waiting_);
  }
  for (const Caller& caller : refused) {
    caller.done(absl::ResourceExhaustedError("no thread is free to commit"));
  }
}

std::vector<CommitGroup::Verdicts> CommitGroup::CommitTogether(
    Callers& group) const {
  if (group.size() == 1) return {ledger_.Commit(group.front().events)};
  std::vector<GatedEvent> all;
  std::vector<std::size_t> begins;
  for (Caller& caller : group) {
    begins.push_back(all.size());
    all.insert(all.end(), std::make_move_iterator(caller.events.begin()),
               std::make_move_iterator(caller.events.end()));
  }
  begins.push_back(all.size());
  const Verdicts together = ledger_.Commit(all);
  std::vector<Verdicts> verdicts;
  for (std::size_t k = 0; k < group.size(); ++k) {
    const std::size_t count = begins[k + 1] - begins[k];
    if (together.ok()) {
      const auto own = absl::MakeConstSpan(*together).subspan(begins[k], count);
      verdicts.push_back(std::vector<Admission>(own.begin(), own.end()));
    } else {
      verdicts.push_back(
          ledger_.Commit(absl::MakeConstSpan(all).subspan(begins[k], count)));
    }
  }
  return verdicts;
}

}  // namespace tenuto
