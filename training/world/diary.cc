#include "training/world/diary.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "training/world/person.h"

namespace tenuto::world {

void Diary::Begin(const Page& page) {
  page_ = page;
  entries_.clear();
  ordered_.clear();
  arena_.Reset();
}

v1::Event& Diary::Add(std::int64_t ms) {
  return AddChange(ms, v1::PLAN_UNSPECIFIED);
}

v1::Event& Diary::AddChange(std::int64_t ms, v1::Plan plan_after) {
  ms = std::clamp<std::int64_t>(ms, 0, kDayMs - 1);
  auto* event = google::protobuf::Arena::CreateMessage<v1::Event>(&arena_);
  entries_.push_back({ms, plan_after, event});
  return *event;
}

std::int64_t Diary::LatestMs(std::int64_t ms) const {
  for (const Entry& entry : entries_) ms = std::max(ms, entry.ms);
  return ms;
}

absl::Span<v1::Event* const> Diary::Finish() {
  std::stable_sort(entries_.begin(), entries_.end(),
                   [](const Entry& a, const Entry& b) { return a.ms < b.ms; });
  const std::string user = UserId(page_.user);
  // Unique over users and worlds, although unique per user would do.
  std::string id =
      absl::StrCat(absl::Hex(seed_), "-", user, "-", page_.day, "-");
  const std::size_t prefix = id.size();
  std::uint32_t sequence = 0;
  for (const Entry& entry : entries_) {
    v1::Event& event = *entry.event;
    if (entry.plan_after != v1::PLAN_UNSPECIFIED) page_.plan = entry.plan_after;
    id.resize(prefix);
    absl::StrAppend(&id, ++sequence);
    event.set_event_id(id);
    event.set_user_id(user);
    event.set_sequence(sequence);
    event.set_plan(page_.plan);
    auto& time = *event.mutable_event_time();
    time.set_seconds(page_.day_start_s + entry.ms / 1000);
    time.set_nanos(static_cast<std::int32_t>(entry.ms % 1000 * 1'000'000));
    event.mutable_registered_time()->set_seconds(page_.registered_s);
    ordered_.push_back(&event);
  }
  return ordered_;
}

}  // namespace tenuto::world
