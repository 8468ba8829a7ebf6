// When wages are usually paid where a subscriber lives: an empty account is
// filled on that day, and an attempt before it is wasted. By country, as told
// by the home time zone; what a company can know, not when this subscriber is
// paid.
// Value type; not thread-safe.
#ifndef TENUTO_MODEL_GRACE_USUAL_PAYDAY_H_
#define TENUTO_MODEL_GRACE_USUAL_PAYDAY_H_

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"

namespace tenuto {

class UsualPayday {
 public:
  // Where nothing is known.
  UsualPayday() = default;
  // On a day of the month, 1 to 28.
  static UsualPayday Monthly(int day) { return UsualPayday(day); }
  // Of an IANA time zone; nothing is known of most.
  static UsualPayday Of(absl::string_view time_zone);

  bool is_known() const { return day_ > 0; }
  // The first one after `day`, the last one up to it. is_known() only.
  absl::CivilDay After(absl::CivilDay day) const;
  absl::CivilDay UpTo(absl::CivilDay day) const;

 private:
  explicit UsualPayday(int day) : day_(day) {}
  int day_ = 0;
};

}  // namespace tenuto

#endif  // TENUTO_MODEL_GRACE_USUAL_PAYDAY_H_
