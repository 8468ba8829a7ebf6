#include "features/commit_plan.h"

#include <algorithm>
#include <utility>

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
  std::vector<std::pair<UserKey, int>> order;
  order.reserve(events.size());
  for (const GatedEvent& event : events) {
    order.emplace_back(event.user, static_cast<int>(order.size()));
  }
  std::sort(order.begin(), order.end());
  std::vector<UserGroup> groups;
  for (const auto& [user, k] : order) {
    if (groups.empty() || groups.back().user != user) {
      groups.push_back({user, {}});
    }
    groups.back().events.push_back(k);
  }
  return groups;
}

void CommitPlan::FindNew(const UserGroup& group, const SeenEvents& seen) {
  constexpr std::size_t kFew = 32;
  absl::flat_hash_set<std::uint64_t> fresh;  // Only where they are many.
  const bool few = group.events.size() <= kFew;
  accepted_.clear();
  for (const int k : group.events) {
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
