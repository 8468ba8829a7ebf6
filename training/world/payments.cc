#include "training/world/payments.h"

#include <algorithm>
#include <cmath>

namespace tenuto::world {
namespace {

constexpr double kHoldDaysMean = 7;
constexpr double kHoldForEver = 0.35;  // The bank will never pay this shop.
constexpr int kFarDay = 1'000'000;
constexpr int kNoticeDays = 30;  // Before a card expires.
constexpr std::uint64_t kIssuerStreams = std::uint64_t{1} << 40;

bool HasExpiry(v1::PaymentMethodKind kind) {
  return kind == v1::PAYMENT_METHOD_KIND_CARD ||
         kind == v1::PAYMENT_METHOD_KIND_WALLET;
}

void BeginPayCycle(const Traits& traits, const Calendar& calendar, int day,
                   Draws draws, Payments& payments) {
  const int payday = Markets()[static_cast<std::size_t>(traits.market)].payday;
  // Who was short is often short again, and sooner: one month's hole is paid
  // with the next month's money.
  const bool was_short = payments.short_from_day < payments.next_payday;
  payments.next_payday = calendar.PaydayAfter(day, payday);
  const double chance = was_short ? 0.5 + 0.5 * traits.short_cycle_share
                                  : 0.5 * traits.short_cycle_share;
  double lasts = 1;
  if (draws.Chance(chance)) {
    lasts = was_short ? 0.8 * draws.Uniform() : 0.35 + 0.65 * draws.Uniform();
  }
  // The cycle may have begun before `day`; only its end matters.
  const double cycle_days = payday == 0 ? 14 : 30.4;
  payments.short_from_day =
      payments.next_payday -
      static_cast<int>(std::lround((1 - lasts) * cycle_days));
}

void RenewCard(const Calendar& calendar, int day, Payments& payments) {
  payments.expiry_day = HasExpiry(payments.kind)
                            ? calendar.ExpiryAfter(day, kCardMonths)
                            : kFarDay;
}

// New card or account: nothing of the old one's trouble remains.
void UpdateMethod(const Calendar& calendar, int day, Payments& payments) {
  RenewCard(calendar, day, payments);
  payments.is_blocked = false;
  payments.hold_until_day = -1000;
  payments.short_from_day = payments.next_payday;
}

double FixRate(const Payments& payments, double felt, int day) {
  const bool warned = payments.expiry_day - day <= kNoticeDays;
  if (!payments.is_failing && !warned) return 0;
  const double engaged = Logistic(1.3 * felt);
  if (!payments.is_failing) return 0.004 + 0.022 * engaged;
  const double slower = 1 + 0.1 * (day - payments.failed_day);
  const bool needs_user = payments.cause == DeclineCause::kExpiredCard ||
                          payments.cause == DeclineCause::kHardDecline;
  return (needs_user ? 0.006 + 0.065 * engaged : 0.003 + 0.02 * engaged) /
         slower;
}

bool IsRetryDay(const DunningRules& rules, const Payments& payments, int day) {
  if (payments.cause == DeclineCause::kHardDecline) return false;
  const int elapsed = day - payments.failed_day;
  return std::find(rules.retry_after_days.begin(), rules.retry_after_days.end(),
                   elapsed) != rules.retry_after_days.end();
}

void Attempt(const Traits& traits, int day, const Luck& luck, bool by_customer,
             Payments& payments, ChargeDay& result) {
  const bool first = !payments.is_failing;
  if (first) {
    ++payments.invoice;
    payments.attempts = 0;
  }
  result.attempted = true;
  ChargeAttempt& attempt = result.attempt;
  attempt.by_customer = by_customer;
  attempt.number = ++payments.attempts;
  attempt.cause = TryCharge(traits, day, luck, first, payments);
  payments.cause = attempt.cause;
  if (attempt.cause == DeclineCause::kNone) {
    result.paid = true;
    result.recovered = payments.is_failing;
    payments.is_failing = false;
    // The anchor stays where it was, so that late payers gain no days.
    payments.due_day += kBillingDays;
  } else if (first) {
    payments.is_failing = true;
    payments.failed_day = day;
  }
}

}  // namespace

Payments DrawPayments(const Traits& traits, const Calendar& calendar, int day,
                      Draws& draws) {
  Payments payments;
  payments.kind = traits.method_kind;
  payments.expiry_day =
      HasExpiry(payments.kind)
          ? calendar.ExpiryAfter(day, draws.Below(kCardMonths))
          : kFarDay;
  payments.due_day = day + 1 + draws.Below(kBillingDays);
  BeginPayCycle(traits, calendar, day, draws, payments);
  return payments;
}

bool IsIssuerOut(std::uint64_t seed, int issuer, int day) {
  const auto begins = [&](int on) {
    return Draws(seed, kIssuerStreams + static_cast<std::uint64_t>(issuer),
                 static_cast<std::uint64_t>(on), Purpose::kOutage);
  };
  if (begins(day).Chance(kOutageChance)) return true;
  Draws yesterday = begins(day - 1);
  return yesterday.Chance(kOutageChance) && yesterday.Chance(kOutageLasts);
}

DeclineCause TryCharge(const Traits& traits, int day, const Luck& luck,
                       bool first, Payments& payments) {
  if (first) {
    Draws draws = luck.On(day, Purpose::kCharge);
    const double misfortune = draws.Uniform();
    if (misfortune < kHardChance) {
      payments.is_blocked = true;
    } else if (misfortune < kHardChance + kHoldChance) {
      payments.hold_until_day =
          draws.Chance(kHoldForEver)
              ? kFarDay
              : day + 1 + static_cast<int>(draws.Exponential(kHoldDaysMean));
    }
  }
  if (IsIssuerOut(luck.seed, traits.issuer, day)) {
    return DeclineCause::kIssuerOutage;
  }
  if (payments.is_blocked) return DeclineCause::kHardDecline;
  if (day >= payments.expiry_day) return DeclineCause::kExpiredCard;
  if (day >= payments.short_from_day) return DeclineCause::kInsufficientFunds;
  if (day < payments.hold_until_day) return DeclineCause::kHold;
  return DeclineCause::kNone;
}

void AdvancePurse(const Traits& traits, int day, const Luck& luck,
                  const Calendar& calendar, Payments& payments) {
  if (day >= payments.next_payday) {
    BeginPayCycle(traits, calendar, day, luck.On(day, Purpose::kFunds),
                  payments);
  }
  if (day == payments.expiry_day) {
    // Networks tell merchants new numbers, and wallets hold tokens.
    const double told =
        payments.kind == v1::PAYMENT_METHOD_KIND_WALLET ? 0.9 : 0.3;
    if (luck.On(day, Purpose::kNewCard).Chance(told)) {
      RenewCard(calendar, day, payments);
    }
  }
}

ChargeDay AdvancePayments(const Traits& traits, double felt, int day,
                          const Luck& luck, const Calendar& calendar,
                          const DunningRules& rules, Payments& payments) {
  ChargeDay result;
  AdvancePurse(traits, day, luck, calendar, payments);
  const double fix_rate = FixRate(payments, felt, day);
  if (fix_rate > 0 &&
      luck.On(day, Purpose::kFix).Chance(DailyChance(fix_rate))) {
    UpdateMethod(calendar, day, payments);
    result.method_updated = true;
    if (payments.is_failing) {
      Attempt(traits, day, luck, true, payments, result);
    }
  }
  if (payments.is_failing && !result.attempted) {
    if (IsRetryDay(rules, payments, day)) {
      Attempt(traits, day, luck, false, payments, result);
    }
    result.gave_up =
        payments.is_failing && day - payments.failed_day >= rules.grace_days;
  } else if (!payments.is_failing && day >= payments.due_day) {
    Attempt(traits, day, luck, false, payments, result);
  }
  return result;
}

}  // namespace tenuto::world
