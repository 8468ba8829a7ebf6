// The vocabulary of a failed payment: the days after it, what may be done on
// each, and the order in which things can come of it. Recovery model, planner,
// simulated world and policy simulation all speak it, so that a plan means the
// same in each. Day 0 is the UTC day of the first attempt, which failed.
//
// On every day from 1 while the payment is open, in this order:
//   1. the subscriber may pay (mends the card, or pays by hand);
//   2. if still open, an attempt of ours, where one is planned, may collect;
//   3. if still open, the subscriber may cancel.
// Value types; not thread-safe.
#ifndef TENUTO_MODEL_GRACE_UNPAID_DAY_H_
#define TENUTO_MODEL_GRACE_UNPAID_DAY_H_

#include <array>

#include "features/subscription_state.h"

namespace tenuto {

// Longest that any store or network lets us collect. What is still open after
// it is lost.
inline constexpr int kUnpaidDays = 60;
// A message works, or annoys, on its day and the days after it, together so
// many; no other is sent meanwhile.
inline constexpr int kMessageDays = 3;

// What we do on one day.
struct DayAction {
  Access access = Access::kFull;
  bool attempts = false;
  bool messages = false;

  friend bool operator==(const DayAction&, const DayAction&) = default;
};

// Of days 1 to kUnpaidDays; [0] is the day of the failure and not planned.
// Access never rises.
using DayActions = std::array<DayAction, kUnpaidDays + 1>;

// How a failed payment ended.
enum class RecoveryEnd { kOpen, kByUser, kByRetry, kCancelled };

}  // namespace tenuto

#endif  // TENUTO_MODEL_GRACE_UNPAID_DAY_H_
