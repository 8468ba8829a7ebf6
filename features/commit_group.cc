#include "features/commit_group.h"

#include <iterator>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/types/span.h"

namespace tenuto {

void CommitGroup::Commit(std::vector<GatedEvent> events, Done done) {
  Callers group;
  {
    absl::MutexLock lock(&mutex_);
    if (waiting_.size() < limits_.callers_max) {
      waiting_events_ += events.size();
      waiting_.push_back({std::move(events), std::move(done)});
      done = nullptr;
      group = TakeGroup();
    }
  }
  if (done != nullptr) {
    return done(absl::ResourceExhaustedError("too many wait for the disk"));
  }
  if (group.empty()) return;
  const auto taken = std::make_shared<Callers>(std::move(group));
  if (!run_([this, taken] { CommitAll(std::move(*taken)); })) {
    GiveBack(std::move(*taken));
  }
}

// A committer goes on while callers wait, so that what it needs stays in its
// caches; others tell the answers meanwhile. Who answers last touches nothing
// of ours any more: who goes on has callers who are still to be answered.
void CommitGroup::CommitAll(Callers group) {
  while (!group.empty()) {
    const auto answered = std::make_shared<Callers>(std::move(group));
    const auto verdicts =
        std::make_shared<std::vector<Verdicts>>(CommitTogether(*answered));
    const auto answer = [answered, verdicts] {
      for (std::size_t k = 0; k < answered->size(); ++k) {
        (*answered)[k].done(std::move((*verdicts)[k]));
      }
    };
    group = NextGroup();
    if (group.empty() || !run_now_(answer)) answer();
  }
}

CommitGroup::Callers CommitGroup::TakeGroup() {
  // A second one commits for itself only what pays for its own sync.
  const bool pays =
      committers_ == 0 ||
      (committers_ == 1 && waiting_events_ >= limits_.events_max / 4);
  Callers group;
  if (!pays || waiting_.empty()) return group;
  ++committers_;
  std::size_t events = 0;
  while (!waiting_.empty() && events < limits_.events_max) {
    events += waiting_.front().events.size();
    group.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  waiting_events_ -= events;
  return group;
}

CommitGroup::Callers CommitGroup::NextGroup() {
  absl::MutexLock lock(&mutex_);
  --committers_;
  return TakeGroup();
}

void CommitGroup::GiveBack(Callers group) {
  Callers refused;
  {
    absl::MutexLock lock(&mutex_);
    for (auto caller = group.rbegin(); caller != group.rend(); ++caller) {
      waiting_events_ += caller->events.size();
      waiting_.push_front(std::move(*caller));
    }
    if (--committers_ > 0) return;
    refused.assign(std::make_move_iterator(waiting_.begin()),
                   std::make_move_iterator(waiting_.end()));
    waiting_.clear();
    waiting_events_ = 0;
  }
  for (const Caller& caller : refused) {
    caller.done(absl::ResourceExhaustedError("no thread is free to commit"));
  }
}

std::vector<CommitGroup::Verdicts> CommitGroup::CommitTogether(
    Callers& group) const {
  if (group.size() == 1) return {ledger_.Commit(group.front().events)};
  std::size_t count = 0;
  for (const Caller& caller : group) count += caller.events.size();
  std::vector<GatedEvent> all;
  all.reserve(count);
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
    const std::size_t share = begins[k + 1] - begins[k];
    if (together.ok()) {
      const auto own = absl::MakeConstSpan(*together).subspan(begins[k], share);
      verdicts.push_back(std::vector<Admission>(own.begin(), own.end()));
    } else {
      verdicts.push_back(
          ledger_.Commit(absl::MakeConstSpan(all).subspan(begins[k], share)));
    }
  }
  return verdicts;
}

}  // namespace tenuto
