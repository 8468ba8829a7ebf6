#include "features/subscription_state.h"

#include <algorithm>

#include "features/base/log.h"

namespace tenuto {
namespace {

using Kind = SubscriptionEventKind;
using Phase = SubscriptionPhase;

// One event's way through the phases.
class Walk {
 public:
  Walk(const SubscriptionState& from, absl::Time time) : floor_(from.as_of) {
    step_.state = from;
    state_.as_of = std::max(from.as_of, time);
  }

  SubscriptionStep Take(const SubscriptionEvent& event) {
    PassDeadlines();
    Apply(event);
    PassDeadlines();
    return step_;
  }

 private:
  absl::Time now() const { return state_.as_of; }
  bool is_unpaid() const { return state_.anchor <= now(); }

  void Enter(Phase phase, absl::Time time);
  void PassDeadlines();
  bool PassOne();
  void Apply(const SubscriptionEvent& event);
  void PayThrough(absl::Time until, Kind kind);
  void Anchor();
  void SetTerms(const UnpaidTerms& terms);
  void SetDeadlines(absl::Time time);
  void Pause(absl::Time until);
  void EndPause(absl::Time time);
  void Cancel();
  void End();

  SubscriptionStep step_;
  SubscriptionState& state_ = step_.state;
  absl::Time floor_;  // No phase is entered before it.
};

void Walk::Enter(Phase phase, absl::Time time) {
  TENUTO_CHECK(step_.count < SubscriptionStep::kEnteredMax,
               "one event passes few phases");
  floor_ = std::max(floor_, time);
  step_.entered[static_cast<std::size_t>(step_.count++)] = {phase, floor_};
  state_.phase = phase;
}

void Walk::PassDeadlines() {
  while (PassOne()) {
  }
}

// Leaves the phase by its own deadline; false while that lies ahead.
bool Walk::PassOne() {
  switch (state_.phase) {
    case Phase::kActive:
    case Phase::kRecovered:
      if (state_.silent_end > now()) return false;
      Enter(Phase::kInGrace, state_.silent_end);
      return true;
    case Phase::kInGrace:
      if (state_.grace_end > now()) return false;
      Enter(Phase::kOnHold, state_.grace_end);
      return true;
    case Phase::kOnHold:
      if (state_.hold_end > now()) return false;
      Enter(Phase::kExpired, state_.hold_end);
      return true;
    case Phase::kPaused:
      if (state_.pause_end > now()) return false;
      EndPause(state_.pause_end);
      Enter(Phase::kActive, state_.pause_end);
      return true;
    case Phase::kCancelled:
      if (state_.anchor > now()) return false;
      Enter(Phase::kExpired, state_.anchor);
      return true;
    case Phase::kExpired:
      return false;
  }
  return false;
}

void Walk::Apply(const SubscriptionEvent& event) {
  switch (event.kind) {
    case Kind::kTimePassed:
      return;
    case Kind::kStarted:
      SetTerms(event.terms);
      return PayThrough(event.until, event.kind);
    case Kind::kPaid:
    case Kind::kPaidInPart:
    case Kind::kCredited:
    case Kind::kRefunded:
    case Kind::kChargedBack:
    case Kind::kPlanChanged:
      return PayThrough(event.until, event.kind);
    case Kind::kPaymentFailed:
    case Kind::kTermsDecided:
      SetTerms(event.terms);
      SetDeadlines(now());
      if (state_.phase == Phase::kOnHold && state_.grace_end > now()) {
        Enter(Phase::kInGrace, now());
      }
      return;
    case Kind::kPauseBegan:
      return Pause(event.until);
    case Kind::kResumed:
      if (state_.phase != Phase::kPaused) return;
      EndPause(now());
      return Enter(Phase::kActive, now());
    case Kind::kCancelled:
      return Cancel();
    case Kind::kEnded:
      return End();
  }
}

// Money says only up to when it pays; every clock follows from that.
void Walk::PayThrough(absl::Time until, Kind kind) {
  const bool renews = kind == Kind::kPaid && until > state_.paid_through;
  state_.paid_through = until;
  if (state_.phase == Phase::kPaused) {
    state_.charged_back = until <= state_.pause_start &&
                          (state_.charged_back || kind == Kind::kChargedBack);
    return;  // Clocks stand still until the pause ends.
  }
  if (state_.phase == Phase::kExpired) {
    const bool begins = kind == Kind::kStarted || kind == Kind::kPaid;
    if (!begins || until <= now()) return;
  }
  Anchor();
  state_.charged_back =
      is_unpaid() && (state_.charged_back || kind == Kind::kChargedBack);
  SetDeadlines(now());
  switch (state_.phase) {
    case Phase::kInGrace:
    case Phase::kOnHold:
      if (!is_unpaid()) {
        Enter(Phase::kRecovered, now());
      } else if (state_.phase == Phase::kOnHold && state_.grace_end > now()) {
        Enter(Phase::kInGrace, now());
      }
      return;
    case Phase::kRecovered:
      if (renews && !is_unpaid()) Enter(Phase::kActive, now());
      return;
    case Phase::kCancelled:
      if (kind == Kind::kStarted && !is_unpaid()) Enter(Phase::kActive, now());
      return;
    case Phase::kExpired:
      return Enter(Phase::kActive, now());
    case Phase::kActive:
    case Phase::kPaused:
      return;
  }
}

// The unpaid time never begins before the moment that made it unpaid, so that a
// date which moves back far cannot use up a state at once.
void Walk::Anchor() {
  const bool was_unpaid = is_unpaid();
  if (state_.paid_through > now()) {
    state_.anchor = state_.paid_through;
  } else if (was_unpaid) {
    state_.anchor = std::max(state_.anchor, state_.paid_through);
  } else {
    state_.anchor = now();
  }
}

void Walk::SetTerms(const UnpaidTerms& terms) {
  constexpr absl::Duration kNone = absl::ZeroDuration();
  state_.terms = {std::max(terms.silent, kNone), std::max(terms.grace, kNone),
                  std::max(terms.hold, kNone), terms.grace_access};
}

// Seen at `time`: no deadline of a phase that lasts may come to lie before it.
void Walk::SetDeadlines(absl::Time time) {
  const UnpaidTerms& terms = state_.terms;
  state_.silent_end = std::max(
      state_.charged_back ? state_.anchor : state_.anchor + terms.silent, time);
  const absl::Time grace_end =
      state_.anchor + std::max(terms.silent, terms.grace);
  const bool grace_is_over =
      state_.phase == Phase::kOnHold && grace_end <= time;
  state_.grace_end = grace_is_over ? std::max(state_.grace_end, grace_end)
                                   : std::max(grace_end, time);
  state_.hold_end = std::max(state_.grace_end + terms.hold, time);
}

void Walk::Pause(absl::Time until) {
  const bool may =
      state_.phase == Phase::kActive || state_.phase == Phase::kRecovered;
  if (!may || is_unpaid()) return;
  state_.pause_start = now();
  state_.pause_end = std::max(until, now());
  Enter(Phase::kPaused, now());
}

// What was paid at the beginning of the pause is still paid after it.
void Walk::EndPause(absl::Time time) {
  state_.paid_through += time - state_.pause_start;
  state_.anchor = std::max(state_.paid_through, time);
  SetDeadlines(time);
}

void Walk::Cancel() {
  if (state_.phase == Phase::kCancelled || state_.phase == Phase::kExpired) {
    return;
  }
  if (state_.phase == Phase::kPaused) EndPause(now());
  Enter(Phase::kCancelled, now());
}

void Walk::End() {
  if (state_.phase == Phase::kExpired) return;
  Cancel();
  state_.paid_through = std::min(state_.paid_through, now());
  state_.anchor = std::min(state_.anchor, now());
}

}  // namespace

SubscriptionStep Advance(const SubscriptionState& state,
                         const SubscriptionEvent& event) {
  return Walk(state, event.time).Take(event);
}

Access SubscriptionState::access() const {
  switch (phase) {
    case SubscriptionPhase::kActive:
    case SubscriptionPhase::kCancelled:
    case SubscriptionPhase::kRecovered:
      return Access::kFull;
    case SubscriptionPhase::kInGrace:
      return charged_back ? Access::kNone : terms.grace_access;
    case SubscriptionPhase::kOnHold:
    case SubscriptionPhase::kPaused:
    case SubscriptionPhase::kExpired:
      return Access::kNone;
  }
  return Access::kNone;
}

absl::Time PaidThroughAfter(const SubscriptionState& state, absl::Time time,
                            absl::Duration period) {
  SubscriptionEvent passed;
  passed.time = time;
  const SubscriptionState then = Advance(state, passed).state;
  const bool moves = then.phase == SubscriptionPhase::kOnHold ||
                     then.phase == SubscriptionPhase::kExpired;
  return (moves ? std::max(then.as_of, then.paid_through) : then.paid_through) +
         period;
}

absl::string_view NameOf(SubscriptionPhase phase) {
  switch (phase) {
    case SubscriptionPhase::kActive:
      return "ACTIVE";
    case SubscriptionPhase::kInGrace:
      return "IN_GRACE";
    case SubscriptionPhase::kOnHold:
      return "ON_HOLD";
    case SubscriptionPhase::kPaused:
      return "PAUSED";
    case SubscriptionPhase::kCancelled:
      return "CANCELLED";
    case SubscriptionPhase::kExpired:
      return "EXPIRED";
    case SubscriptionPhase::kRecovered:
      return "RECOVERED";
  }
  return "?";
}

}  // namespace tenuto
