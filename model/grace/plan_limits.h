// What may be done about one failed payment, day by day: the rules of networks
// and stores, our own ceilings and the subscriber's consent, boiled down to
// what a planner asks. Made once a decision; a planner obeys and never reads
// the reasons behind it, but hands them on.
// Value types; not thread-safe.
#ifndef TENUTO_MODEL_GRACE_PLAN_LIMITS_H_
#define TENUTO_MODEL_GRACE_PLAN_LIMITS_H_

#include <algorithm>
#include <bitset>
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "model/decision/card_history.h"
#include "model/decision/payment_rules.h"
#include "model/grace/recovery_curve.h"
#include "model/grace/unpaid_day.h"

namespace tenuto {

// Bit n: day n, or a length of n days.
using DaySet = std::bitset<kUnpaidDays + 1>;

// Why no attempt may be made on some day.
inline constexpr absl::string_view kStoreCollects = "store_collects";
inline constexpr absl::string_view kSubscriberMustAct = "subscriber_must_act";
inline constexpr absl::string_view kAdvisedWait = "advised_wait";

// What the rules of networks say about attempts; null where nobody asks them.
struct CardStanding {
  const PaymentRules* rules = nullptr;
  const CardHistory* history = nullptr;
  absl::Time failed_time;  // Attempts are made whole days after it.
  std::int64_t amount_minor = 0;

  ProposedAttempt AttemptOn(int day) const {
    return {failed_time + absl::Hours(24 * day), v1::PAYMENT_INITIATOR_MERCHANT,
            amount_minor};
  }
};

// The defaults allow everything.
struct PlanLimits {
  // Most that one plan may hold, whatever a file says.
  static constexpr int kAttemptsMax = 16;
  static constexpr int kMessagesMax = 4;

  int last_day = kUnpaidDays;   // Of collecting; open after it is lost.
  int hold_days = kUnpaidDays;  // Of collecting after full access, at most.
  DaySet attempt_days = DaySet().set();
  int attempts_max = kAttemptsMax;       // From now on.
  DaySet full_lengths = DaySet().set();  // Full access through which days.
  bool reduced_allowed = true;
  DaySet message_days = DaySet().set();
  int messages_max = kMessagesMax;  // From now on; 0: none permitted.
  CardStanding card;
  // The rule that forbids the first forbidden attempt; empty: none is. Lives as
  // long as the rules.
  absl::string_view attempt_rule;
  bool messages_permitted = true;

  // Of collecting, where full access ended after day `full_days`.
  int LastDayOf(int full_days) const {
    return std::min(last_day, full_days + hold_days);
  }
  // Longest allowed length within last_day; 0 where none is allowed.
  int full_days_max() const;
};

// Facts about one failed payment that limits follow from. The rules and the
// history must outlive the limits.
struct PlanSituation {
  const PaymentRules* rules = nullptr;
  const CardHistory* history = nullptr;  // Of the card that would be charged.
  v1::DeclineClass decline_class = v1::DECLINE_CLASS_SOFT;
  absl::Duration
      advised_wait;           // Since the newest attempt; advice of a network.
  bool card_changed = false;  // Mended or replaced since it failed.
  v1::Store store = v1::STORE_UNSPECIFIED;  // That collects in our place.
  absl::Time failed_time;
  std::int64_t amount_minor = 0;
  bool messages_permitted = true;  // Consent, and a surface not opted out of.
  int messages_sent = 0;           // For this payment already.
  UnpaidPast past;
};

// Our own ceilings, from grace_values.textproto.
struct PlanCeilings {
  int attempts_max = 0;  // After the first one, which failed.
  int messages_max = 0;
  int full_days_max = 0;
  int collect_days = 0;
};

// kInvalidArgument for a store whose terms of that day nobody knows.
absl::StatusOr<PlanLimits> LimitsFor(const PlanSituation& situation,
                                     const PlanCeilings& ceilings);

}  // namespace tenuto

#endif  // TENUTO_MODEL_GRACE_PLAN_LIMITS_H_
