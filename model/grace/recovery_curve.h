// What a plan leads to under given hazards, day by day, exactly: the
// probabilities of a competing-risks process in discrete time (Tutz & Schmid
// 2016, ch. 8), with the order within a day of unpaid_day.h. They sum to one.
// Thread-safe.
#ifndef TENUTO_MODEL_GRACE_RECOVERY_CURVE_H_
#define TENUTO_MODEL_GRACE_RECOVERY_CURVE_H_

#include <array>

#include "model/grace/hazard_table.h"
#include "model/grace/unpaid_day.h"

namespace tenuto {

// Probabilities that the payment ended so on this very day; `open` at its end.
struct RecoveryDay {
  double by_user = 0;
  double by_retry = 0;
  double cancelled = 0;
  double open = 1;
};
// [0] is the day of the failure: open for certain.
using RecoveryCurve = std::array<RecoveryDay, kUnpaidDays + 1>;

// What was done before the first day that is still to come.
struct UnpaidPast {
  int day = 0;               // Newest day that is over; 0 right after failure.
  int attempts = 1;          // Made so far, the first one included.
  int last_attempt_day = 0;  // At most `day`.
  int last_message_day = -100;
  Access access = Access::kFull;  // On `day`; it never rises again.
  // Where it is lower by now: full through this day, then reduced for so many.
  int full_days = 0;
  int reduced_days = 0;
};

// From the end of `past.day`, at which it is open; days up to it stay
// {0, 0, 0, 1}.
RecoveryCurve Follow(const HazardTable& hazards, const DayActions& actions,
                     const UnpaidPast& past);

}  // namespace tenuto

#endif  // TENUTO_MODEL_GRACE_RECOVERY_CURVE_H_
