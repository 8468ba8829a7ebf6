#include "features/memory_ledger.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"
#include "features/log_record.h"

namespace tenuto {

MemoryLedger::MemoryLedger(const Catalogue& catalogue, const Clock& clock)
    : clock_(clock), fold_(catalogue), late_(catalogue) {}

absl::StatusOr<std::vector<Admission>> MemoryLedger::CommitLocked(
    absl::Span<const GatedEvent> events) {
  CommitPlan plan(fold_, events, DayOf(absl::ToUnixMicros(clock_.Now())));
  // All or nothing: everything is planned before anything changes.
  const std::vector<UserGroup> groups = GroupByUser(events);
  std::vector<UserWrite> writes(groups.size());
  Position next = next_;
  for (std::size_t k = 0; k < groups.size(); ++k) {
    const User& user = users_[groups[k].user];
    TENUTO_RETURN_IF_ERROR(
        plan.Plan(groups[k], user.state, user.seen, next, writes[k]));
  }
  next_ = next;
  for (std::size_t k = 0; k < groups.size(); ++k) {
    UserWrite& write = writes[k];
    if (write.record.empty()) continue;
    User& user = users_[groups[k].user];
    user.state = std::move(write.state);
    user.seen.Add(write.new_marks);
    log_[{groups[k].user.partition(), write.first}] = std::move(write.record);
  }
  for (std::size_t k = 0; k < events.size(); ++k) {
    if (plan.verdicts()[k] == Admission::kDuplicate) continue;
    const absl::Time known = absl::FromUnixMicros(events[k].known_time_us);
    history_start_ = std::min(history_start_, known);
    history_end_ = std::max(history_end_, known);
  }
  late_.Count(plan.late());
  return std::move(plan.verdicts());
}

absl::StatusOr<std::vector<Admission>> MemoryLedger::Commit(
    absl::Span<const GatedEvent> events, const SourceMark* mark) {
  absl::MutexLock lock(&mutex_);
  TENUTO_ASSIGN_OR_RETURN(std::vector<Admission> verdicts,
                          CommitLocked(events));
  // Of what was new.
  for (std::size_t k = 0; k < events.size(); ++k) {
    if (verdicts[k] == Admission::kDuplicate) continue;
    told_end_ =
        std::max(told_end_, absl::FromUnixMicros(events[k].known_time_us));
  }
  if (mark != nullptr) sources_[mark->source] = mark->progress;
  return verdicts;
}

absl::StatusOr<const MemoryLedger::Remembered*> MemoryLedger::RecallLocked(
    const RequestKey& request, absl::Time now) {
  const auto has_expired = [now](const auto& remembered) {
    return remembered.second.time + kRequestMemory <= now;
  };
  // As seldom as the map doubles, so that it costs a call nothing.
  if (requests_.size() >= sweep_at_) {
    std::erase_if(requests_, has_expired);
    sweep_at_ = 2 * requests_.size() + 64;
  }
  const auto known = requests_.find(request.id);
  if (known == requests_.end() || has_expired(*known)) return nullptr;
  if (known->second.body_hash != request.body_hash) return OtherBodyError();
  return &known->second;
}

absl::StatusOr<Ledger::Answer> MemoryLedger::CommitOnce(
    const UserKey& user, const RequestKey& request, absl::Time now,
    absl::FunctionRef<absl::StatusOr<Outcome>(absl::string_view state)>
        decide) {
  absl::MutexLock lock(&mutex_);
  TENUTO_ASSIGN_OR_RETURN(const Remembered* const known,
                          RecallLocked(request, now));
  if (known != nullptr) return Answer{known->response, true};
  const auto found = users_.find(user);
  const std::string state =
      found == users_.end() ? std::string() : found->second.state;
  TENUTO_ASSIGN_OR_RETURN(Outcome outcome, decide(state));
  if (outcome.event) {
    TENUTO_RETURN_IF_ERROR(
        CommitLocked(absl::MakeConstSpan(&*outcome.event, 1)).status());
  }
  requests_[request.id] = {.body_hash = request.body_hash,
                           .time = now,
                           .response = outcome.response,
                           .user = user,
                           .has_user = true};
  return Answer{std::move(outcome.response), false};
}

absl::Status MemoryLedger::LoadState(const UserKey& user,
                                     std::string& state) const {
  absl::MutexLock lock(&mutex_);
  const auto found = users_.find(user);
  state = found == users_.end() ? std::string() : found->second.state;
  return absl::OkStatus();
}

// Visitors may call the ledger, so they get copies and no lock is held.
absl::Status MemoryLedger::ScanStates(
    int partition,
    absl::FunctionRef<bool(const UserKey&, absl::string_view)> visit) const {
  std::vector<std::pair<UserKey, std::string>> states;
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [key, user] : users_) {
      if (key.partition() == partition && !user.state.empty()) {
        states.emplace_back(key, user.state);
      }
    }
  }
  for (const auto& [key, state] : states) {
    if (!visit(key, state)) break;
  }
  return absl::OkStatus();
}

absl::Status MemoryLedger::Scan(
    int partition, Position from,
    absl::FunctionRef<bool(const LoggedEvent&)> visit) const {
  std::vector<std::pair<Position, std::string>> records;
  {
    absl::MutexLock lock(&mutex_);
    for (auto at = log_.lower_bound({partition, 0});
         at != log_.end() && at->first.first == partition; ++at) {
      records.emplace_back(at->first.second, at->second);
    }
  }
  for (const auto& [first, record] : records) {
    const RecordVisit end =
        VisitLogRecord(record, first, [&](const LoggedEvent& event) {
          return event.position < from || visit(event);
        });
    if (end == RecordVisit::kStopped) break;
    if (end == RecordVisit::kDamaged) {
      return absl::DataLossError(
          absl::StrCat("log record at position ", first, " does not decode"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> MemoryLedger::LoadMark(
    absl::string_view source) const {
  absl::MutexLock lock(&mutex_);
  const auto found = sources_.find(std::string(source));
  return found == sources_.end() ? std::string() : found->second;
}

absl::StatusOr<Erasure> MemoryLedger::Erase(const UserKey& user,
                                            const RequestKey& request,
                                            absl::Time now) {
  absl::MutexLock lock(&mutex_);
  TENUTO_ASSIGN_OR_RETURN(const Remembered* const known,
                          RecallLocked(request, now));
  if (known != nullptr) {
    Erasure again = known->receipt;
    again.replayed = true;
    return again;
  }
  Erasure erasure{.time_us = absl::ToUnixMicros(now), .through = next_ - 1};
  for (auto at = log_.lower_bound({user.partition(), 0});
       at != log_.end() && at->first.first == user.partition(); ++at) {
    std::uint64_t events = 0;
    VisitLogRecord(at->second, 1, [&](const LoggedEvent& event) {
      events += event.user == user;
      return event.user == user;
    });
    if (events == 0) continue;
    erasure.events += events;
    erasure.bytes += at->second.size();
    at->second = ErasedLogRecord(events);
  }
  const auto found = users_.find(user);
  if (found != users_.end()) {
    erasure.bytes +=
        found->second.state.size() + found->second.seen.size() * kMarkBytes;
    users_.erase(found);
  }
  std::erase_if(requests_, [&](const auto& remembered) {
    return remembered.second.has_user && remembered.second.user == user;
  });
  requests_[request.id] = {.body_hash = request.body_hash,
                           .time = now,
                           .response = {},
                           .receipt = erasure};
  return erasure;
}

absl::StatusOr<Position> MemoryLedger::Checkpoint(
    const std::filesystem::path&) {
  return absl::UnimplementedError("a ledger in memory has no checkpoints");
}

LedgerFacts MemoryLedger::Facts() const {
  absl::MutexLock lock(&mutex_);
  return {.history_start = history_start_,
          .history_end = history_end_,
          .told_end = told_end_,
          .last_position = next_ - 1,
          .late = &late_};
}

}  // namespace tenuto
