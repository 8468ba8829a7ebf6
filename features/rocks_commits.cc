#include "features/rocks_commits.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "features/base/crash_point.h"
#include "features/base/status_macros.h"
#include "features/ledger_log.h"

namespace tenuto {

absl::Status RocksCommits::AddToBatch(absl::Span<const GatedEvent> events,
                                      absl::Span<const UserGroup> groups,
                                      Planned& commit) {
  CommitPlan plan(fold_, events, DayOf(absl::ToUnixMicros(clock_.Now())));
  // Positions are taken at once, so that those of a user rise with time.
  const Position first = next_.fetch_add(events.size());
  Position next = first;
  commit.steps.reserve(groups.size());
  for (const UserGroup& group : groups) {
    const UserKey& user = group.user;
    TENUTO_ASSIGN_OR_RETURN(HotUser* const hot, Load(user, commit.batch));
    UserWrite& write = commit.steps.emplace_back(Step{hot, {}}).write;
    TENUTO_RETURN_IF_ERROR(
        plan.Plan(group, hot->state, hot->seen, next, write));
    if (write.record.empty()) continue;
    commit.batch.Put(Family::kLog, LogKey(user.partition(), write.first),
                     write.record);
    layouts_.Stamp(write.state);
    commit.batch.Put(Family::kState, user.view(), write.state);
    TENUTO_RETURN_IF_ERROR(layouts_.ToCurrent(write.state));
    commit.batch.Merge(Family::kSeen, user.view(), write.new_marks);
  }
  // Gives back what duplicates did not need, unless another commit followed.
  Position taken = first + events.size();
  next_.compare_exchange_strong(taken, next);
  if (next > first) commit.added.last = next - 1;
  commit.verdicts = std::move(plan.verdicts());
  commit.late = std::move(plan.late());
  return absl::OkStatus();
}

absl::StatusOr<HotUser*> RocksCommits::Load(const UserKey& user,
                                            const StoreBatch& batch) {
  if (HotUser* const hot = hot_.Find(user)) {
    if (hot->opening == batch.opening()) return hot;
    hot_.Forget(user);
  }
  HotUser loaded;
  loaded.opening = batch.opening();
  std::string marks;
  TENUTO_RETURN_IF_ERROR(LoadState(user, loaded.state));
  TENUTO_RETURN_IF_ERROR(store_.Get(Family::kSeen, user.view(), marks));
  loaded.seen.Add(marks);
  HotUser& added = hot_.Add(user, std::move(loaded));
  hot_.NoteSize(user);  // Even if nothing comes of this commit.
  return &added;
}

absl::Status RocksCommits::Write(absl::Span<const UserGroup> groups,
                                 std::vector<Step>& steps, StoreBatch& batch) {
  const absl::Status written = WriteBatch(batch);
  if (written.ok()) Adopt(groups, steps);
  for (const UserGroup& group : groups) {
    // After a failure only the store can say how things stand.
    if (!written.ok()) hot_.Forget(group.user);
    hot_.Trim(UserHolds::StripeOf(group.user));
  }
  return written;
}

void RocksCommits::Note(const Planned& commit) {
  history_.Note(commit.added);
  late_.Count(commit.late);
}

absl::Status RocksCommits::WriteBatch(StoreBatch& batch) {
  TENUTO_CRASH_POINT("commit.before_write");
  // Even of nothing: what made it a duplicate must be durable.
  const absl::Status written = store_.Write(batch);
  TENUTO_CRASH_POINT("commit.after_write");
  if (written.ok() && batch.opening() != noted_opening_) NoteStored(batch);
  return written;
}

// What failed before the store was opened anew may be part of it.
void RocksCommits::NoteStored(const StoreBatch& batch) {
  absl::StatusOr<History> history = LoadHistory(store_);
  const absl::StatusOr<Position> last = LastPosition(store_);
  if (!history.ok() || !last.ok()) return;  // The next commit tries again.
  history->last = *last;
  history_.Note(*history);
  noted_opening_ = batch.opening();
}

void RocksCommits::Adopt(absl::Span<const UserGroup> groups,
                         std::vector<Step>& steps) {
  for (Step& step : steps) {
    if (step.write.record.empty()) continue;
    step.hot->state = std::move(step.write.state);
    step.hot->seen.Add(step.write.new_marks);
  }
  for (const UserGroup& group : groups) hot_.NoteSize(group.user);
}

void RocksCommits::AddHistory(absl::Span<const GatedEvent> events,
                              Planned& commit) {
  History& added = commit.added;
  for (std::size_t k = 0; k < events.size(); ++k) {
    if (commit.verdicts[k] == Admission::kDuplicate) continue;
    added.start_us = std::min(added.start_us, events[k].known_time_us);
    added.end_us = std::max(added.end_us, events[k].known_time_us);
  }
  if (commit.is_told) added.told_us = added.end_us;
  history_.Add(added, commit.batch);
}

absl::StatusOr<std::vector<Admission>> RocksCommits::Commit(
    absl::Span<const GatedEvent> events, const SourceMark* mark) {
  Planned commit(store_);
  const std::vector<UserGroup> groups = GroupByUser(events);
  if (UserHolds::IsFew(groups)) {
    const UserHolds::Hold hold(holds_, groups);
    TENUTO_RETURN_IF_ERROR(Plan(events, groups, mark, commit));
    TENUTO_RETURN_IF_ERROR(Write(groups, commit.steps, commit.batch));
  } else {
    TENUTO_RETURN_IF_ERROR(CommitLarge(events, groups, mark, commit));
  }
  Note(commit);
  return std::move(commit.verdicts);
}

absl::Status RocksCommits::Plan(absl::Span<const GatedEvent> events,
                                absl::Span<const UserGroup> groups,
                                const SourceMark* mark, Planned& commit) {
  TENUTO_RETURN_IF_ERROR(AddToBatch(events, groups, commit));
  AddHistory(events, commit);
  if (mark != nullptr) {
    commit.batch.Put(Family::kMeta, absl::StrCat(kSourcePrefix, mark->source),
                     mark->progress);
  }
  return absl::OkStatus();
}

// The next large commit is planned on top of this one while it is written: what
// is adopted is durable before anybody but a planning commit looks at it.
absl::Status RocksCommits::CommitLarge(absl::Span<const GatedEvent> events,
                                       absl::Span<const UserGroup> groups,
                                       const SourceMark* mark,
                                       Planned& commit) {
  {
    UserHolds::Planning planning(holds_);
    TENUTO_RETURN_IF_ERROR(Plan(events, groups, mark, commit));
    Adopt(groups, commit.steps);
    TENUTO_RETURN_IF_ERROR(planning.BeginWrite());
    const absl::Status written = WriteBatch(commit.batch);
    planning.EndWrite(written);
    TENUTO_RETURN_IF_ERROR(written);
  }
  if (!hot_.is_over()) return absl::OkStatus();
  const UserHolds::Hold everybody(holds_);
  for (int k = 0; k < UserHolds::kStripes; ++k) hot_.Trim(k);
  return absl::OkStatus();
}

absl::Status RocksCommits::CommitOne(const UserKey& user, Decide decide) {
  Planned commit(store_);
  commit.is_told = false;
  const std::vector<UserGroup> groups = {{user, {0}}};
  const UserHolds::Hold hold(holds_, groups);
  TENUTO_ASSIGN_OR_RETURN(const HotUser* hot, Load(user, commit.batch));
  TENUTO_ASSIGN_OR_RETURN(const std::optional<GatedEvent> event,
                          decide(hot->state, commit.batch));
  if (event) {
    TENUTO_RETURN_IF_ERROR(
        Plan(absl::MakeConstSpan(&*event, 1), groups, nullptr, commit));
  }
  TENUTO_RETURN_IF_ERROR(Write(groups, commit.steps, commit.batch));
  Note(commit);
  return absl::OkStatus();
}

absl::Status RocksCommits::LoadState(const UserKey& user,
                                     std::string& state) const {
  TENUTO_RETURN_IF_ERROR(store_.Get(Family::kState, user.view(), state));
  return layouts_.ToCurrent(state);
}

}  // namespace tenuto
