#include "tests/support/naive_subscription.h"

#include <algorithm>

namespace tenuto::testing {
namespace {

using Kind = SubscriptionEventKind;
using Phase = SubscriptionPhase;

}  // namespace

void NaiveSubscription::Live(int day, const NaiveEvent& event) {
  entered_ = 0;
  if (today_ == kNever) today_ = day;
  while (today_ < day) {
    ++today_;
    while (MoveOn()) {
    }
  }
  Take(event);
  while (MoveOn()) {
  }
}

Access NaiveSubscription::access() const {
  if (phase_ == Phase::kInGrace) {
    return charged_back_ ? Access::kNone : terms_.access;
  }
  const bool full = phase_ == Phase::kActive || phase_ == Phase::kRecovered ||
                    phase_ == Phase::kCancelled;
  return full ? Access::kFull : Access::kNone;
}

int NaiveSubscription::GraceDays() const {
  return std::max(terms_.silent, terms_.grace);
}

void NaiveSubscription::Go(Phase phase) {
  phase_ = phase;
  phases_[static_cast<std::size_t>(entered_)] = phase;
  days_[static_cast<std::size_t>(entered_)] = today_;
  ++entered_;
}

// Makes the one move that is due today; false if none is.
bool NaiveSubscription::MoveOn() {
  if (phase_ == Phase::kPaused) {
    if (today_ < pause_until_) return false;
    LeavePause();
    Go(Phase::kActive);
    return true;
  }
  if (phase_ == Phase::kExpired) return false;
  if (!owes() && paid_ <= today_) owed_since_ = paid_;
  if (!owes()) return false;
  const int unpaid_days = today_ - owed_since_;
  switch (phase_) {
    case Phase::kActive:
    case Phase::kRecovered:
      if (unpaid_days < terms_.silent && !charged_back_) return false;
      Go(Phase::kInGrace);
      return true;
    case Phase::kInGrace:
      if (unpaid_days < GraceDays()) return false;
      Go(Phase::kOnHold);
      hold_began_ = today_;
      return true;
    case Phase::kOnHold:
      if (today_ - hold_began_ < terms_.hold) return false;
      Go(Phase::kExpired);
      return true;
    default:
      Go(Phase::kExpired);  // Cancelled, and what was paid is used up.
      return true;
  }
}

void NaiveSubscription::Take(const NaiveEvent& event) {
  const bool lives = phase_ != Phase::kCancelled && phase_ != Phase::kExpired;
  switch (event.kind) {
    case Kind::kTimePassed:
      return;
    case Kind::kPaymentFailed:
    case Kind::kTermsDecided:
      return TakeTerms(event.terms);
    case Kind::kPauseBegan:
      if (phase_ != Phase::kActive && phase_ != Phase::kRecovered) return;
      if (owes()) return;
      pause_began_ = today_;
      pause_until_ = event.until;
      return Go(Phase::kPaused);
    case Kind::kResumed:
      if (phase_ != Phase::kPaused) return;
      LeavePause();
      return Go(Phase::kActive);
    case Kind::kEnded:
    case Kind::kCancelled:
      if (phase_ == Phase::kPaused) LeavePause();
      if (lives) Go(Phase::kCancelled);
      if (event.kind == Kind::kEnded && phase_ == Phase::kCancelled) {
        paid_ = std::min(paid_, today_);
      }
      return;
    default:
      return TakeMoney(event);
  }
}

void NaiveSubscription::TakeMoney(const NaiveEvent& event) {
  const bool starts = event.kind == Kind::kStarted;
  const bool pays = event.kind == Kind::kPaid;
  if (starts) terms_ = event.terms;
  const bool later = event.until > paid_;
  paid_ = event.until;
  if (phase_ == Phase::kPaused) {
    if (event.kind == Kind::kChargedBack) charged_back_ = true;
    if (paid_ > pause_began_) charged_back_ = false;
    return;
  }
  const bool covers_today = paid_ > today_;
  if (phase_ == Phase::kExpired && !(covers_today && (starts || pays))) return;
  if (covers_today) {
    owed_since_ = kNever;
    charged_back_ = false;
    const bool was_late = phase_ == Phase::kInGrace || phase_ == Phase::kOnHold;
    const bool back = phase_ == Phase::kExpired ||
                      (phase_ == Phase::kCancelled && starts) ||
                      (phase_ == Phase::kRecovered && pays && later);
    if (was_late) Go(Phase::kRecovered);
    if (back) Go(Phase::kActive);
    return;
  }
  owed_since_ = owes() ? std::max(owed_since_, paid_) : today_;
  if (event.kind == Kind::kChargedBack) charged_back_ = true;
  ReopenGrace();
}

void NaiveSubscription::TakeTerms(const NaiveTerms& terms) {
  terms_ = terms;
  ReopenGrace();
}

void NaiveSubscription::ReopenGrace() {
  if (phase_ != Phase::kOnHold) return;
  const int grace_until = owed_since_ + GraceDays();
  if (grace_until > today_) return Go(Phase::kInGrace);
  hold_began_ = std::max(hold_began_, grace_until);
}

void NaiveSubscription::LeavePause() {
  const bool paid = paid_ > pause_began_;
  paid_ += today_ - pause_began_;
  owed_since_ = paid ? kNever : today_;
}

}  // namespace tenuto::testing
