#include "features/seen_events.h"

#include <algorithm>
#include <cstring>

namespace tenuto {
namespace {

struct Mark {
  std::uint16_t day;
  std::uint64_t hash;
};
static_assert(kMarkBytes == sizeof(Mark::day) + sizeof(Mark::hash));

Mark MarkAt(absl::string_view marks, std::size_t k) {
  Mark mark;
  std::memcpy(&mark.day, marks.data() + k * kMarkBytes, sizeof mark.day);
  std::memcpy(&mark.hash, marks.data() + k * kMarkBytes + sizeof mark.day,
              sizeof mark.hash);
  return mark;
}

int NewestDay(absl::string_view marks) {
  int newest = 0;
  for (std::size_t k = 0; k < marks.size() / kMarkBytes; ++k) {
    newest = std::max(newest, static_cast<int>(MarkAt(marks, k).day));
  }
  return newest;
}

bool IsForgotten(int day, int newest_day) {
  return day + kMarkDays < newest_day;
}

// Most merges drop nothing: whole runs are copied at once.
void AppendRemembered(absl::string_view marks, int newest_day,
                      std::string& merged) {
  std::size_t begin = 0;
  const auto copy_until = [&](std::size_t end) {
    merged.append(marks.data() + begin * kMarkBytes,
                  (end - begin) * kMarkBytes);
  };
  const std::size_t count = marks.size() / kMarkBytes;
  for (std::size_t k = 0; k < count; ++k) {
    if (!IsForgotten(MarkAt(marks, k).day, newest_day)) continue;
    copy_until(k);
    begin = k + 1;
  }
  copy_until(count);
}

}  // namespace

void AppendMark(int day, std::uint64_t event_hash, std::string& marks) {
  const auto short_day = static_cast<std::uint16_t>(day);
  marks.append(reinterpret_cast<const char*>(&short_day), sizeof short_day);
  marks.append(reinterpret_cast<const char*>(&event_hash), sizeof event_hash);
}

std::string MergeMarks(absl::string_view a, absl::string_view b) {
  const int newest = std::max(NewestDay(a), NewestDay(b));
  std::string merged;
  merged.reserve(a.size() + b.size());
  AppendRemembered(a, newest, merged);
  AppendRemembered(b, newest, merged);
  return merged;
}

void SeenEvents::Add(absl::string_view marks) {
  const int newest = std::max(newest_day_, NewestDay(marks));
  if (newest > newest_day_ && newest_day_ > 0) {
    absl::erase_if(day_of_, [newest](const auto& seen) {
      return IsForgotten(seen.second, newest);
    });
  }
  newest_day_ = newest;
  const std::size_t count = marks.size() / kMarkBytes;
  day_of_.reserve(day_of_.size() + count);
  for (std::size_t k = 0; k < count; ++k) {
    const Mark mark = MarkAt(marks, k);
    if (IsForgotten(mark.day, newest)) continue;
    std::uint16_t& day = day_of_[mark.hash];
    day = std::max(day, mark.day);
  }
}

}  // namespace tenuto
