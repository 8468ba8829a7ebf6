// Where a subscription stands and what its subscriber may use. A total function
// of (state, event); the passing of time is an event too, and takes one state
// after the other, however many deadlines it passes.
//
// All clocks hang on one anchor, the moment from which nothing is paid.
// Whatever changes money re-anchors all of them at once, and never backwards
// past the moment it happens: so each unpaid state lasts its full length, and
// none is skipped because a date moved. Value type; not thread-safe.
#ifndef TENUTO_FEATURES_SUBSCRIPTION_STATE_H_
#define TENUTO_FEATURES_SUBSCRIPTION_STATE_H_

#include <array>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace tenuto {

enum class SubscriptionPhase : std::uint8_t {
  kActive,     // Paid, or unpaid for less than the silent length.
  kInGrace,    // Unpaid; access as the plan decided.
  kOnHold,     // Unpaid; no access, still being collected.
  kPaused,     // By the subscriber's wish; paid time stands still.
  kCancelled,  // Ends when what is paid ends.
  kExpired,    // Over.
  kRecovered,  // Paid again after grace or hold, until the next renewal.
};
inline constexpr int kSubscriptionPhases = 7;

enum class Access : std::uint8_t { kNone, kReduced, kFull };

// What a plan decided for the time after a failed payment.
struct UnpaidTerms {
  absl::Duration silent;  // Nothing changes for so long; counts as grace.
  absl::Duration grace;
  absl::Duration hold;
  Access grace_access = Access::kFull;

  friend bool operator==(const UnpaidTerms&, const UnpaidTerms&) = default;
};

enum class SubscriptionEventKind : std::uint8_t {
  kTimePassed,
  // These say up to when service is paid after them, `until`; saying it twice
  // changes nothing.
  kStarted,  // A subscription begins, or begins again.
  kPaid,     // A renewal, or what was owed, in full.
  kPaidInPart,
  kCredited,
  kRefunded,
  kChargedBack,  // While unpaid after it there is no access, even in grace.
  kPlanChanged,
  // Of the unpaid time.
  kPaymentFailed,  // Carries the terms that were decided for it.
  kTermsDecided,   // Other terms, maybe in the midst of grace or hold.
  // The subscriber's or our will.
  kPauseBegan,  // Until `until`, or a resumption; what is owed is not paused.
  kResumed,
  kCancelled,  // At the end of what is paid; at once while nothing is.
  kEnded,      // At once, whatever is paid.
};
inline constexpr int kSubscriptionEventKinds = 14;

struct SubscriptionEvent {
  SubscriptionEventKind kind = SubscriptionEventKind::kTimePassed;
  absl::Time time;   // Before the newest one seen: taken as happening then.
  absl::Time until;  // Paid, or paused, up to this moment.
  UnpaidTerms terms;
};

struct SubscriptionState {
  SubscriptionPhase phase = SubscriptionPhase::kExpired;
  bool charged_back = false;                       // And unpaid since.
  absl::Time as_of = absl::InfinitePast();         // Newest event seen.
  absl::Time paid_through = absl::InfinitePast();  // As money stands.
  absl::Time anchor = absl::InfinitePast();        // Nothing is paid from here.
  absl::Time silent_end = absl::InfinitePast();
  absl::Time grace_end = absl::InfinitePast();
  absl::Time hold_end = absl::InfinitePast();
  absl::Time pause_start = absl::InfinitePast();
  absl::Time pause_end = absl::InfinitePast();
  UnpaidTerms terms;

  Access access() const;
  friend bool operator==(const SubscriptionState&,
                         const SubscriptionState&) = default;
};

// The state after an event and every phase entered on the way, in order.
struct SubscriptionStep {
  struct Entered {
    SubscriptionPhase phase;
    absl::Time time;  // The deadline's or the event's; never falls.
  };
  static constexpr int kEnteredMax = 9;

  SubscriptionState state;
  int count = 0;
  std::array<Entered, kEnteredMax> entered;
};

SubscriptionStep Advance(const SubscriptionState& state,
                         const SubscriptionEvent& event);

// Up to when a full payment of one billing period pays: the renewal date stays
// where it was if it comes before the end of grace, and moves to the day of the
// payment after it, as stores do.
absl::Time PaidThroughAfter(const SubscriptionState& state, absl::Time time,
                            absl::Duration period);

absl::string_view NameOf(SubscriptionPhase phase);  // "IN_GRACE"

}  // namespace tenuto

#endif  // TENUTO_FEATURES_SUBSCRIPTION_STATE_H_
