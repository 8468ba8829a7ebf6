#include "features/commit_plan.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "features/base/status_macros.h"
#include "features/log_record.h"

namespace tenuto {
namespace {

// Whether the event comes with one of `earlier`, which are mostly a few.
bool IsAmong(absl::Span<const GatedEvent> events, absl::Span<const int> earlier,
             std::uint64_t hash) {
  return std::any_of(earlier.begin(), earlier.end(), [&](int k) {
    return events[static_cast<std::size_t>(k)].event_hash == hash;
  });
}

}  // namespace

std::vector<UserGroup> GroupByUser(absl::Span<const GatedEvent> events) {
  // Sorting users alone is much less than sorting events.
  absl::flat_hash_map<UserKey, std::uint32_t> numbers;
  std::vector<std::uint32_t> user_of;  // Of each event, in `groups`.
  std::vector<std::uint32_t> counts;
  std::vector<UserGroup> groups;
  user_of.reserve(events.size());
  for (const GatedEvent& event : events) {
    const auto next = static_cast<std::uint32_t>(groups.size());
    const auto [at, is_new] = numbers.try_emplace(event.user, next);
    if (is_new) {
      groups.push_back({event.user, {}});
      counts.push_back(0);
    }
    user_of.push_back(at->second);
    ++counts[at->second];
  }
  for (std::size_t g = 0; g < groups.size(); ++g) {
    groups[g].events.reserve(counts[g]);
  }
  for (std::size_t k = 0; k < events.size(); ++k) {
    groups[user_of[k]].events.push_back(static_cast<int>(k));
  }
  std::sort(
      groups.begin(), groups.end(),
      [](const UserGroup& a, const UserGroup& b) { return a.user < b.user; });
  return groups;
}

void CommitPlan::FindNew(const UserGroup& group, const SeenEvents& seen) {
  constexpr std::size_t kFew = 32;
  absl::flat_hash_set<std::uint64_t> fresh;  // Only where they are many.
  const bool few = group.events.size() <= kFew;
  if (!few) fresh.reserve(group.events.size());
  accepted_.clear();
  // A user's events lie far apart in a large commit: each is a cache miss.
  for (const int k : group.events) {
    __builtin_prefetch(&events_[static_cast<std::size_t>(k)].event_hash);
  }
  for (const int k : group.events) {
    __builtin_prefetch(events_[static_cast<std::size_t>(k)].event.data());
    const std::uint64_t hash = events_[static_cast<std::size_t>(k)].event_hash;
    const bool known =
        seen.Contains(hash) ||
        (few ? IsAmong(events_, accepted_, hash) : !fresh.insert(hash).second);
    verdicts_[static_cast<std::size_t>(k)] =
        known ? Admission::kDuplicate : Admission::kAccepted;
    if (!known) accepted_.push_back(k);
  }
}

absl::Status CommitPlan::Plan(const UserGroup& group, absl::string_view state,
                              const SeenEvents& seen, Position& next,
                              UserWrite& write) {
  FindNew(group, seen);
  write.record.clear();
  write.new_marks.clear();
  if (accepted_.empty()) return absl::OkStatus();
  TENUTO_RETURN_IF_ERROR(folded_.Decode(state));
  write.first = next;
  for (const int k : accepted_) {
    const GatedEvent& event = events_[static_cast<std::size_t>(k)];
    if (!view_.Parse(event.event)) {
      return absl::InternalError("a gated event does not parse");
    }
    fold_.Apply(view_, next, folded_);
    fold_.VisitMissed(view_, folded_,
                      [this](int signal) { late_.push_back(signal); });
    ++next;
    AppendMark(receipt_day_, event.event_hash, write.new_marks);
  }
  folded_.Encode(write.state);
  AppendLogRecord(events_, accepted_, write.record);
  return absl::OkStatus();
}

}  // namespace tenuto
