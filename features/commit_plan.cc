#include "features/commit_plan.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "absl/container/flat_hash_map.h"
#include "features/base/status_macros.h"
#include "features/log_record.h"

namespace tenuto {
namespace {

constexpr std::size_t kMarkBytes = 10;

struct Mark {
  std::uint16_t day;
  std::uint64_t hash;
};

Mark MarkAt(absl::string_view marks, std::size_t k) {
  Mark mark;
  std::memcpy(&mark.day, marks.data() + k * kMarkBytes, sizeof mark.day);
  std::memcpy(&mark.hash, marks.data() + k * kMarkBytes + sizeof mark.day,
              sizeof mark.hash);
  return mark;
}

void AppendMark(const Mark& mark, std::string& marks) {
  marks.append(reinterpret_cast<const char*>(&mark.day), sizeof mark.day);
  marks.append(reinterpret_cast<const char*>(&mark.hash), sizeof mark.hash);
}

// Sets verdicts; returns the indices of the new events.
std::vector<int> FindNew(absl::Span<const GatedEvent> events,
                         const UserGroup& group, absl::string_view marks,
                         std::vector<Admission>& verdicts) {
  // The batch is small and the marks are many: hash the batch, scan the marks.
  absl::flat_hash_map<std::uint64_t, int> fresh;
  fresh.reserve(group.events.size());
  for (const int k : group.events) {
    const std::size_t at = static_cast<std::size_t>(k);
    const bool first = fresh.emplace(events[at].event_hash, k).second;
    verdicts[at] = first ? Admission::kAccepted : Admission::kDuplicate;
  }
  for (std::size_t k = 0; k < marks.size() / kMarkBytes; ++k) {
    const auto known = fresh.find(MarkAt(marks, k).hash);
    if (known != fresh.end()) {
      verdicts[static_cast<std::size_t>(known->second)] = Admission::kDuplicate;
    }
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
                              absl::string_view marks, int receipt_day,
                              Position& next, std::vector<Admission>& verdicts,
                              UserWrite& write) const {
  const std::vector<int> accepted = FindNew(events, group, marks, verdicts);
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
    ++next;
    AppendMark({static_cast<std::uint16_t>(receipt_day), event.event_hash},
               write.new_marks);
  }
  folded.Encode(write.state);
  AppendLogRecord(events, accepted, write.record);
  return absl::OkStatus();
}

std::string MergeMarks(absl::string_view a, absl::string_view b) {
  int newest = 0;
  for (const absl::string_view marks : {a, b}) {
    for (std::size_t k = 0; k < marks.size() / kMarkBytes; ++k) {
      newest = std::max(newest, static_cast<int>(MarkAt(marks, k).day));
    }
  }
  std::string merged;
  merged.reserve(a.size() + b.size());
  for (const absl::string_view marks : {a, b}) {
    for (std::size_t k = 0; k < marks.size() / kMarkBytes; ++k) {
      const Mark mark = MarkAt(marks, k);
      if (mark.day + kMarkDays >= newest) AppendMark(mark, merged);
    }
  }
  return merged;
}

}  // namespace tenuto
