// Days of a world as dates and as local hours. Reads the time-zone database
// once, at creation, so that generating needs no look-ups.
// Thread-safe: immutable after Create().
#ifndef TENUTO_TRAINING_WORLD_CALENDAR_H_
#define TENUTO_TRAINING_WORLD_CALENDAR_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace tenuto::world {

inline constexpr std::int64_t kDaySeconds = 86'400;

class Calendar {
 public:
  // Day 0 is the UTC date `start`. kFailedPrecondition when the machine does
  // not know a market's time zone.
  static absl::StatusOr<Calendar> Create(absl::CivilDay start, int days);

  // Midnight UTC at which day `day` begins, epoch seconds.
  std::int64_t StartOf(int day) const { return start_s_ + day * kDaySeconds; }
  absl::CivilDay DateOf(int day) const { return start_ + day; }

  // Seconds east of UTC at noon UTC of the day, which stands for all of it.
  int OffsetOf(int market, int day) const;
  // At noon UTC every market has the same date.
  bool IsWeekend(int day) const;

  // First day on which a card that is valid for `months` more months, beside
  // that of `day`, is refused.
  int ExpiryAfter(int day, int months) const;
  // First payday after `day`. `payday` as in Market.
  int PaydayAfter(int day, int payday) const;

 private:
  Calendar() = default;

  absl::CivilDay start_;
  std::int64_t start_s_ = 0;
  int days_ = 0;
  std::vector<int> offsets_;  // [market * days_ + day]
};

}  // namespace tenuto::world

#endif  // TENUTO_TRAINING_WORLD_CALENDAR_H_
