#include "features/commit_group.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace tenuto {

absl::StatusOr<std::vector<Admission>> CommitGroup::Commit(
    std::vector<GatedEvent> events) {
  Caller mine = {std::move(events), std::nullopt};
  std::vector<Caller*> group;
  {
    absl::MutexLock lock(&mutex_);
    waiting_.push_back(&mine);
    const auto may_go_on = [this, &mine]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
      return mine.verdicts.has_value() || !committing_;
    };
    mutex_.Await(absl::Condition(&may_go_on));
    if (mine.verdicts) return *std::move(mine.verdicts);
    committing_ = true;
    group = TakeGroup(mine);
  }
  std::vector<Verdicts> verdicts = CommitTogether(group);
  absl::MutexLock lock(&mutex_);
  committing_ = false;
  for (std::size_t k = 0; k < group.size(); ++k) {
    group[k]->verdicts = std::move(verdicts[k]);
  }
  return *std::move(mine.verdicts);
}

std::vector<CommitGroup::Caller*> CommitGroup::TakeGroup(Caller& first) {
  waiting_.erase(std::find(waiting_.begin(), waiting_.end(), &first));
  std::vector<Caller*> group = {&first};
  std::size_t events = first.events.size();
  while (!waiting_.empty() && events < events_max_) {
    events += waiting_.front()->events.size();
    group.push_back(waiting_.front());
    waiting_.pop_front();
  }
  return group;
}

std::vector<CommitGroup::Verdicts> CommitGroup::CommitTogether(
    const std::vector<Caller*>& group) const {
  if (group.size() == 1) return {ledger_.Commit(group.front()->events)};
  std::vector<GatedEvent> all;
  for (const Caller* caller : group) {
    all.insert(all.end(), caller->events.begin(), caller->events.end());
  }
  const Verdicts together = ledger_.Commit(all);
  std::vector<Verdicts> verdicts;
  std::size_t next = 0;
  for (const Caller* caller : group) {
    if (!together.ok()) {
      verdicts.push_back(ledger_.Commit(caller->events));
      continue;
    }
    const auto begin = together->begin() + static_cast<std::ptrdiff_t>(next);
    next += caller->events.size();
    verdicts.push_back(std::vector<Admission>(
        begin, together->begin() + static_cast<std::ptrdiff_t>(next)));
  }
  return verdicts;
}

}  // namespace tenuto
