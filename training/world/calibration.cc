#include "training/world/calibration.h"

#include <algorithm>

#include "absl/strings/string_view.h"

namespace tenuto::world {
namespace {

std::size_t TenureBand(int renewals) {
  return renewals <= 1 ? 0 : renewals <= 3 ? 1 : renewals <= 12 ? 2 : 3;
}

std::size_t ActiveBand(int days) {
  return static_cast<std::size_t>((days + 6) / 7);
}

bool IsSoft(absl::string_view code) {
  return code == "51" || code == "61" || code == "78" || code == "05" ||
         code == "62" || code == "75" || code == "86" ||
         code == "generic_decline";
}

bool IsLoss(const v1::Event& event) {
  return (event.has_expired() && event.expired().involuntary()) ||
         (event.has_cancelled() && event.cancelled().involuntary());
}

bool IsChoice(const v1::Event& event) {
  return (event.has_cancelled() && !event.cancelled().involuntary()) ||
         event.has_downgraded();
}

}  // namespace

void PaymentFigures::Add(const PaymentFigures& other) {
  failed.Add(other.failed);
  soft.Add(other.soft);
  no_honour.Add(other.no_honour);
  recovered.Add(other.recovered);
  recovered_funds.Add(other.recovered_funds);
  recovered_hold.Add(other.recovered_hold);
  recovered_expired.Add(other.recovered_expired);
  within_10_days.Add(other.within_10_days);
  after_14_days.Add(other.after_14_days);
  paid_days += other.paid_days;
  left_by_choice += other.left_by_choice;
  lost += other.lost;
  for (std::size_t k = 0; k < kTenureBands; ++k) {
    churn_by_tenure[k].Add(other.churn_by_tenure[k]);
  }
  for (std::size_t k = 0; k < kActiveBands; ++k) {
    churn_by_activity[k].Add(other.churn_by_activity[k]);
  }
}

// A period was paid for, or was the last.
void PaymentWatch::End(std::uint64_t user, bool paid, int day,
                       PaymentFigures& figures) {
  const Subscriber& who = people_[user];
  const Subscription& subscription =
      world_->people()[user - 1].hidden.subscription;
  const int renewals = (day - subscription.since_day) / kBillingDays;
  figures.churn_by_tenure[TenureBand(renewals)].Count(!paid);
  const int since = day - who.as_of;
  const std::uint32_t days = since < 32 ? who.active_days << since : 0;
  const int active = __builtin_popcount(days & 0x1ffffffeu);
  if (day >= 28) figures.churn_by_activity[ActiveBand(active)].Count(!paid);
}

void PaymentWatch::Attempt(const v1::PaymentAttempted& attempt, int day,
                           Subscriber& who, PaymentFigures& figures) {
  const bool approved = attempt.outcome() == v1::PAYMENT_OUTCOME_APPROVED;
  if (attempt.attempt_number() == 1) {
    const absl::string_view code = attempt.decline_code();
    who.is_soft = IsSoft(code);
    who.reason = code == "51"   ? Reason::kFunds
                 : code == "05" ? Reason::kHold
                 : code == "54" ? Reason::kExpired
                                : Reason::kOther;
  } else if (approved && who.failed_day >= 0) {
    figures.within_10_days.Count(day - who.failed_day <= 10);
    figures.after_14_days.Count(day - who.failed_day > 14);
  }
}

void PaymentWatch::Take(int shard, std::uint64_t user,
                        absl::Span<v1::Event* const> events) {
  PaymentFigures& figures = figures_[static_cast<std::size_t>(shard)];
  Subscriber& who = people_[user];
  const int day = world_->day();
  bool listened = false;
  for (const v1::Event* event : events) {
    listened |= event->has_playback();
    if (event->has_payment_attempted()) {
      Attempt(event->payment_attempted(), day, who, figures);
    }
    // A first charge of a new plan fails too, but nobody collects it.
    if (event->has_grace_planned()) {
      who.failed_day = day;
      figures.soft.Count(who.is_soft);
      figures.no_honour.Count(who.reason == Reason::kFunds ||
                              who.reason == Reason::kHold);
    }
    const bool paid = event->has_renewed();
    const bool lost = IsLoss(*event) && who.failed_day >= 0;
    const bool left = IsChoice(*event);
    if (!paid && !lost && !left) continue;
    End(user, paid, day, figures);
    figures.lost += lost;
    figures.left_by_choice += left;
    if (who.failed_day < 0) continue;
    who.failed_day = -1;
    figures.recovered.Count(paid);
    Share* by_reason = who.reason == Reason::kFunds  ? &figures.recovered_funds
                       : who.reason == Reason::kHold ? &figures.recovered_hold
                       : who.reason == Reason::kExpired
                           ? &figures.recovered_expired
                           : nullptr;
    if (by_reason != nullptr) by_reason->Count(paid);
  }
  if (listened) {
    const int since = day - who.as_of;
    who.active_days = since < 32 ? who.active_days << since : 0;
    who.active_days |= 1;
    who.as_of = day;
  }
}

PaymentFigures PaymentWatch::figures() const {
  PaymentFigures sum;
  for (const PaymentFigures& one : figures_) sum.Add(one);
  sum.failed = {world_->tally().renewals, world_->tally().failures};
  sum.paid_days = world_->tally().paid_days;
  sum.left_by_choice = world_->tally().left_by_choice;
  return sum;
}

}  // namespace tenuto::world
