#include "features/commit_plan.h"

#include <algorithm>
#include <numeric>

#include "absl/container/flat_hash_set.h"
#include "features/base/status_macros.h"
#include "features/log_record.h"

namespace tenuto {
namespace {

// Sets verdicts; returns the indices of the new events.
std::vector<int> FindNew(absl::Span<const GatedEvent> events,
                         const UserGroup& group, const SeenEvents& seen,
                         std::vector<Admission>& verdicts) {
  absl::flat_hash_set<std::uint64_t> fresh;
  for (const int k : group.events) {
    const std::size_t at = static_cast<std::size_t>(k);
    const std::uint64_t hash = events[at].event_hash;
    const bool is_new = !seen.Contains(hash) && fresh.insert(hash).second;
    verdicts[at] = is_new ? Admission::kAccepted : Admission::kDuplicate;
  }
  std::vector<int> accepted;
  for (const int k : group.events) {
    if (verdicts[static_cast<std::size_t>(k)] == Admission::kAccepted) {
      accepted.push_back(k);
    }
  }
  return accepted;
}

}  // namespace

std::vector<UserGroup> GroupByUser(absl::Span<const GatedEvent> events) {
  std::vector<int> order(events.size());
  std::iota(order.begin(), order.end(), 0);
  const auto user = [&](int k) -> const UserKey& {
    return events[static_cast<std::size_t>(k)].user;
  };
  std::sort(order.begin(), order.end(), [&](int a, int b) {
    if (user(a) != user(b)) return user(a) < user(b);
    return a < b;
  });
  std::vector<UserGroup> groups;
  for (const int k : order) {
    if (groups.empty() || groups.back().user != user(k)) {
      groups.push_back({user(k), {}});
    }
    groups.back().events.push_back(k);
  }
  return groups;
}

absl::Status CommitPlan::Plan(absl::Span<const GatedEvent> events,
                              const UserGroup& group, absl::string_view state,
                              const SeenEvents& seen, int receipt_day,
                              Position& next, std::vector<Admission>& verdicts,
                              UserWrite& write) const {
  const std::vector<int> accepted = FindNew(events, group, seen, verdicts);
  write.record.clear();
  write.new_marks.clear();
  if (accepted.empty()) return absl::OkStatus();
  UserState folded(fold_.layout());
  TENUTO_RETURN_IF_ERROR(folded.Decode(state));
  write.first = next;
  EventView view;
  for (const int k : accepted) {
    const GatedEvent& event = events[static_cast<std::size_t>(k)];
    if (!view.Parse(event.event)) {
      return absl::InternalError("a gated event does not parse");
    }
    fold_.Apply(view, next, folded);
    fold_.VisitMissed(view, folded,
                      [this](int signal) { late_.Count(signal); });
    ++next;
    AppendMark(receipt_day, event.event_hash, write.new_marks);
  }
  folded.Encode(write.state);
  AppendLogRecord(events, accepted, write.record);
  return absl::OkStatus();
}

}  // namespace tenuto
