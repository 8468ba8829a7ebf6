// One user's log as failed payments and the days after them: what was done and
// what happened on each, until the payment ended or nobody can know more.
// Thread-safe.
#ifndef TENUTO_TRAINING_GRACE_UNPAID_DAYS_H_
#define TENUTO_TRAINING_GRACE_UNPAID_DAYS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "features/ledger.h"
#include "model/decision/payment_rules.h"
#include "model/grace/failure_columns.h"
#include "model/grace/unpaid_day.h"

namespace tenuto {

// What one event says of payments, as far as it matters here.
struct PaymentMoment {
  enum class Kind : std::uint8_t {
    kAttempt,
    kMethodUpdated,
    kPaid,   // Renewed or subscribed, by whatever attempt.
    kLeft,   // By choice.
    kEnded,  // By the company.
    kMessage,
    kPlanned,
  };
  Kind kind = Kind::kAttempt;
  std::int64_t event_us = 0;
  std::int64_t known_us = 0;
  std::uint32_t sequence = 0;
  std::uint64_t invoice = 0;  // Hash of its id; of attempts and plans.
  // Of an attempt.
  std::int64_t number = 0;  // 0: not said.
  v1::PaymentOutcome outcome = v1::PAYMENT_OUTCOME_UNSPECIFIED;
  bool collected = false;
  bool by_customer = false;
  bool by_store = false;
  FailedPayment said;  // Only what an attempt says.
  std::string decline_code, advice_code, currency;  // Raw, of a failed one.
  // Of a plan.
  int elapsed_days = 0;
  int full_days = 0;
  int reduced_days = 0;
  std::uint64_t attempt_days = 0;  // Bit n: day n.
  std::uint64_t message_days = 0;
  // With which the plan was to be chosen; 1: for certain, 0: nobody says.
  double propensity = 0;

  Access AccessOn(int day) const;  // Of a plan.
};
std::vector<PaymentMoment> ReadPaymentMoments(
    absl::Span<const LoggedEvent> events, const PaymentRules& rules);

// A day on which it was open at the beginning.
struct UnpaidDay {
  Access access = Access::kFull;
  bool messages = false;            // One was sent on this day;
  bool messaged = false;            // or within kMessageDays.
  bool attempted = false;           // By us.
  std::int8_t attempts_before = 1;  // Days with one, day 0 included.
  std::int8_t days_since_attempt = 0;
  RecoveryEnd end = RecoveryEnd::kOpen;  // On this day.
  // Whether the day went on, after subscriber and attempt, long enough for the
  // subscriber to leave: not where payment came or the company ended it first.
  bool may_cancel = false;
};

// What most who are still open on day n get on it (bit n); access is full.
struct UsualDays {
  std::uint64_t attempts = 0, messages = 0;
};

struct UnpaidSpell {
  struct Attempt {
    int day = 0;
    FailedPayment said;
  };
  absl::Time failed;
  std::int64_t known_us = 0;  // When we learned of the failure.
  std::uint64_t invoice = 0;
  // Of the first attempt.
  v1::PaymentOutcome outcome = v1::PAYMENT_OUTCOME_UNSPECIFIED;
  std::string decline_code, advice_code, currency;
  std::vector<Attempt> attempts;  // Those that failed, in order.
  // kOpen: nothing is known of days after the last of `days`, because the log,
  // the company's patience or the billing period ended.
  RecoveryEnd end = RecoveryEnd::kOpen;
  std::vector<UnpaidDay> days;       // [0] is day 1.
  bool messages_at_failure = false;  // On day 0, after the failure.
  bool has_plan = false;
  PaymentMoment plan;  // In force at the end.
  std::optional<PaymentMoment> first_plan;  // What chance decided, if it did.

  // What an attempt said by the end of `decided_day`; 0: the first of all.
  FailedPayment KnownAt(int decided_day) const;
  // What was done; after the end what is planned or, without a plan, usual.
  DayActions Actions(const UsualDays& usual) const;
};

// Failed payments of one user by time, from what was known by `known_by`; whole
// days before it only. A failure is a first attempt of ours that did not
// collect. It ends
//   by the subscriber   an approved attempt that a customer or a store made, or
//                       one of ours after the method was updated on that day,
//                       or a renewal without an approved attempt;
//   by retry            another approved attempt of ours;
//   by cancelling       left by choice;
//   and is open after the company ended the subscription (that day counts until
//   then), before the day of the next invoice, and after day kUnpaidDays.
std::vector<UnpaidSpell> ReadUnpaidSpells(
    absl::Span<const PaymentMoment> moments, absl::Time known_by);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_GRACE_UNPAID_DAYS_H_
