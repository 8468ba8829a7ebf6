#include "model/grace/usual_payday.h"

#include "absl/strings/match.h"

namespace tenuto {
namespace {

constexpr absl::CivilDay kSomeFriday(2025, 1, 3);
constexpr int kFortnight = 14;

// Customs, not laws: a company that knows better changes a line.
struct Custom {
  const char* zone;  // Or the beginning of several.
  int day;           // Of the month; 0: every second Friday.
};
constexpr Custom kCustoms[] = {
    {"Europe/Stockholm", 25}, {"Europe/Berlin", 1}, {"Europe/Paris", 28},
    {"Europe/Madrid", 28},    {"Europe/Helsinki", 15}, {"Asia/Singapore", 27},
    {"Asia/Tokyo", 25},       {"America/New_York", 0}, {"America/Detroit", 0},
    {"America/Chicago", 0},   {"America/Denver", 0}, {"America/Phoenix", 0},
    {"America/Los_Angeles", 0},
};

}  // namespace

UsualPayday UsualPayday::Of(absl::string_view time_zone) {
  for (const Custom& custom : kCustoms) {
    if (absl::StartsWith(time_zone, custom.zone)) {
      return UsualPayday(custom.day);
    }
  }
  return UsualPayday();
}

absl::CivilDay UsualPayday::UpTo(absl::CivilDay day) const {
  if (rule_ == 0) {
    const auto since = static_cast<int>((day - kSomeFriday) % kFortnight);
    return day - (since + kFortnight) % kFortnight;
  }
  const absl::CivilMonth month(day);
  const absl::CivilDay here = absl::CivilDay(month) + (rule_ - 1);
  return here <= day ? here : absl::CivilDay(month - 1) + (rule_ - 1);
}

absl::CivilDay UsualPayday::After(absl::CivilDay day) const {
  const absl::CivilDay last = UpTo(day);
  if (rule_ == 0) return last + kFortnight;
  return absl::CivilDay(absl::CivilMonth(last) + 1) + (rule_ - 1);
}

}  // namespace tenuto
