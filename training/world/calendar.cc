#include "training/world/calendar.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "training/world/person.h"

namespace tenuto::world {
namespace {

constexpr absl::CivilDay kSomeFriday(2025, 1, 3);  // A two-weekly payday.

}  // namespace

absl::StatusOr<Calendar> Calendar::Create(absl::CivilDay start, int days) {
  Calendar calendar;
  calendar.start_ = start;
  calendar.days_ = std::max(days, 1);
  const absl::Time begin = absl::FromCivil(start, absl::UTCTimeZone());
  calendar.start_s_ = absl::ToUnixSeconds(begin);
  for (const Market& market : Markets()) {
    absl::TimeZone zone;
    if (!absl::LoadTimeZone(market.time_zone, &zone)) {
      return absl::FailedPreconditionError(
          absl::StrCat("time zone \"", market.time_zone,
                       "\" is unknown to this machine; install tzdata"));
    }
    for (int day = 0; day < calendar.days_; ++day) {
      const absl::Time noon = begin + absl::Hours(24 * day + 12);
      calendar.offsets_.push_back(zone.At(noon).offset);
    }
  }
  return calendar;
}

int Calendar::OffsetOf(int market, int day) const {
  const int within = std::clamp(day, 0, days_ - 1);
  return offsets_[static_cast<std::size_t>(market * days_ + within)];
}

bool Calendar::IsWeekend(int day) const {
  const absl::Weekday weekday = absl::GetWeekday(DateOf(day));
  return weekday == absl::Weekday::saturday || weekday == absl::Weekday::sunday;
}

int Calendar::ExpiryAfter(int day, int months) const {
  const absl::CivilMonth month(DateOf(day));
  return static_cast<int>(absl::CivilDay(month + months + 1) - start_);
}

int Calendar::PaydayAfter(int day, int payday) const {
  const absl::CivilDay date = DateOf(day);
  if (payday == 0) {
    const auto since = static_cast<int>((date - kSomeFriday) % 14);
    return day + 14 - (since + 14) % 14;
  }
  absl::CivilDay next = absl::CivilDay(absl::CivilMonth(date)) + (payday - 1);
  if (next <= date) {
    next = absl::CivilDay(absl::CivilMonth(date) + 1) + (payday - 1);
  }
  return static_cast<int>(next - start_);
}

}  // namespace tenuto::world
