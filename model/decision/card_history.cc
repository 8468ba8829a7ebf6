#include "model/decision/card_history.h"

namespace tenuto {

CardHistory::CardHistory(v1::CardNetwork network)
    : network_(v1::CardNetwork_IsValid(network)
                   ? network
                   : v1::CARD_NETWORK_UNSPECIFIED) {}

void CardHistory::Add(const PastAttempt& attempt) {
  const bool collected = attempt.outcome == v1::PAYMENT_OUTCOME_APPROVED;
  if (!collected) {
    codes_.set(attempt.code);
    advice_codes_.set(attempt.advice);
  }
  const v1::PaymentInitiator initiator =
      v1::PaymentInitiator_IsValid(attempt.initiator)
          ? attempt.initiator
          : v1::PAYMENT_INITIATOR_UNSPECIFIED;
  const Kept added = {attempt.time, attempt.amount_minor, initiator, collected};
  if (size_ == kAttemptsMax) {
    if (added.time < newest(size_ - 1).time) return Forget(added);
    Forget(newest(size_ - 1));
  } else {
    ++size_;
  }
  end_ = (end_ + 1) % kAttemptsMax;
  int place = 0;
  while (place + 1 < size_ && added.time < newest(place + 1).time) {
    kept_[Slot(place)] = newest(place + 1);
    ++place;
  }
  kept_[Slot(place)] = added;
}

void CardHistory::Forget(const Kept& attempt) {
  if (attempt.time < forgotten_) return;
  forgotten_ = attempt.time;
  forgotten_collected_ = attempt.collected;
}

}  // namespace tenuto
