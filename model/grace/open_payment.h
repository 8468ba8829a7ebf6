// The failed payment of one user that is open, read from the state: what is
// known of it, what was tried and planned, and who is trying just now. What a
// caller knows better counts more than the log.
// Thread-safe; OpenPayment is a value type.
#ifndef TENUTO_MODEL_GRACE_OPEN_PAYMENT_H_
#define TENUTO_MODEL_GRACE_OPEN_PAYMENT_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "features/state_reader.h"
#include "model/decision/card_history.h"
#include "model/decision/payment_rules.h"
#include "model/grace/failure_columns.h"
#include "model/grace/plan_limits.h"
#include "model/grace/recovery_curve.h"

namespace tenuto {

// What a caller tells of it; what is left out, the log tells.
struct ToldPayment {
  std::string invoice_id;  // Empty: of the newest failure.
  std::optional<absl::Time> failed;
  std::int64_t amount_minor = 0;
  std::string currency;
  std::string decline_code;  // Raw, as the next, of the newest attempt.
  std::string advice_code;
  v1::CardNetwork network = v1::CARD_NETWORK_UNSPECIFIED;
  v1::Store store = v1::STORE_UNSPECIFIED;
};

// The newest plan for a payment; lost once another payment was planned.
struct StandingPlan {
  int full_days = 0;
  int reduced_days = 0;
  bool randomised = false;
  double propensity = 1;
};

struct OpenPayment {
  std::string invoice_id;
  std::string currency;  // Empty: not known.
  FailedPayment payment;
  int today = 0;            // The UTC day, counted from the failure.
  absl::Time last_attempt;  // The newest of all, as far as known.
  // Of what its rules still count. Never more permissive than what happened:
  // where the state knows only how many attempts a day had, they count as late
  // on it and as failed.
  CardHistory history;
  bool card_changed = false;  // Since the newest attempt.
  absl::Duration advised_wait;
  bool messages_permitted = false;
  int messages_sent = 0;
  UnpaidPast past;  // Today is over once we have tried today.
  std::optional<StandingPlan> planned;
  // For whatever payment of this user: the newest plan, than which a next one
  // must be later, and the newest lease, before whose end there is no other.
  absl::Time last_planned = absl::InfinitePast();
  absl::Time lease_until = absl::InfinitePast();

  // Lives no longer than this and the rules.
  PlanSituation Situation(const PaymentRules& rules) const;
  // May an attempt be made at this very moment?
  bool MayAttempt(const PaymentRules& rules, absl::Time now) const;
};

// kNotFound says what is missing: a failure at all, or one that is still open
// and at most kUnpaidDays old.
absl::StatusOr<OpenPayment> ReadOpenPayment(const StateReader& state,
                                            const ToldPayment& told,
                                            const PaymentRules& rules,
                                            absl::Time now);

}  // namespace tenuto

#endif  // TENUTO_MODEL_GRACE_OPEN_PAYMENT_H_
