#include "training/world/payments.h"

#include <algorithm>
#include <cmath>

#include "training/world/decline_answer.h"

namespace tenuto::world {
namespace {

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
  payments.blocked = DeclineCause::kNone;
  payments.short_from_day = payments.next_payday;
}

bool NeedsNewCard(DeclineCause cause) {
  return cause != DeclineCause::kInsufficientFunds &&
         cause != DeclineCause::kIssuerOutage &&
         cause != DeclineCause::kTechnical;
}

// Somebody who is told in time that a card will expire.
double MendRate(const Payments& payments, double felt, int day) {
  if (payments.expiry_day - day > kNoticeDays) return 0;
  return 0.004 + 0.022 * Logistic(1.3 * felt);
}

void BeginFailing(const Traits& traits, const Payer& payer, DeclineCause cause,
                  int day, const Luck& luck, const DunningRules& rules,
                  Payments& payments) {
  payments.is_failing = true;
  payments.failed_day = day;
  payments.unpaid =
      UnpaidTraitsOf(traits, cause, payer.intention, payer.tenure_days);
  payments.cure = CureOf(traits, cause, payments.next_payday - day);
  payments.collects = CuredDays(payments.cure, luck.On(day, Purpose::kCure));
  payments.plan =
      PlanFor(rules, StoreOf(traits), payments.blocked != DeclineCause::kNone,
              luck.On(day, Purpose::kGrace));
}

void SettleInvoice(int day, Payments& payments, ChargeDay& result) {
  result.paid = true;
  result.recovered = payments.is_failing;
  // Within grace the anchor stays where it was, so that late payers gain no
  // days; after it, nothing was given, and the period begins anew.
  const bool had_access = payments.AccessOn(day) != Access::kNone;
  payments.due_day =
      had_access ? payments.due_day + kBillingDays : day + kBillingDays;
  payments.is_failing = false;
}

void ChargeFirst(const Traits& traits, const Payer& payer, int day,
                 const Luck& luck, const DunningRules& rules,
                 Payments& payments, ChargeDay& result) {
  ++payments.invoice;
  payments.attempts = 1;
  result.attempted = true;
  result.attempt = {false, 1, TryCharge(traits, day, luck, payments)};
  if (result.attempt.cause == DeclineCause::kNone) {
    SettleInvoice(day, payments, result);
    return;
  }
  BeginFailing(traits, payer, result.attempt.cause, day, luck, rules, payments);
  result.planned = true;
}

// The same card once more, `elapsed` days after the first attempt.
DeclineCause TryAgain(const Traits& traits, int day, const Luck& luck,
                      const Payments& payments) {
  if (IsIssuerOut(luck.seed, traits.issuer, day)) {
    return DeclineCause::kIssuerOutage;
  }
  if (!HasDay(payments.collects, day - payments.failed_day)) {
    return payments.unpaid.cause;
  }
  return luck.On(day, Purpose::kCharge).Chance(kWhimChance)
             ? DeclineCause::kHold
             : DeclineCause::kNone;
}

void Collect(const Traits& traits, bool by_customer, int day, const Luck& luck,
             const Calendar& calendar, Payments& payments, ChargeDay& result) {
  const bool by_store = StoreOf(traits) != v1::STORE_UNSPECIFIED;
  const DeclineCause cause =
      by_customer ? DeclineCause::kNone : TryAgain(traits, day, luck, payments);
  // Stores keep to themselves what they try in vain.
  if (by_store && cause != DeclineCause::kNone) return;
  result.attempted = true;
  result.attempt = {by_customer, ++payments.attempts, cause};
  if (cause != DeclineCause::kNone) return;
  if (payments.unpaid.cause == DeclineCause::kExpiredCard && !by_customer) {
    RenewCard(calendar, day, payments);
  }
  SettleInvoice(day, payments, result);
}

// One day of unpaid_day.h, but for cancelling.
void AdvanceUnpaid(const Traits& traits, int day, const Luck& luck,
                   const Calendar& calendar, Interest& interest,
                   Payments& payments, ChargeDay& result) {
  const WorldVariant base;
  const int elapsed = day - payments.failed_day;
  const DunningPlan& plan = payments.plan;
  if (HasDay(plan.message_days, elapsed)) {
    result.messaged = true;
    interest.annoyance += double{AnnoyanceOfMessage(payments.unpaid, base)};
  }
  const UnpaidChances chances = ChancesWhileUnpaid(
      payments.unpaid, base, static_cast<float>(interest.felt()), elapsed,
      plan.AccessOn(elapsed), plan.IsMessaged(elapsed));
  if (luck.On(day, Purpose::kUnpaid).Chance(double{chances.pays})) {
    if (NeedsNewCard(payments.unpaid.cause)) {
      UpdateMethod(calendar, day, payments);
      result.method_updated = true;
    }
    Collect(traits, true, day, luck, calendar, payments, result);
    return;
  }
  const bool by_store = StoreOf(traits) != v1::STORE_UNSPECIFIED;
  if (HasDay(by_store ? StoreRetryDays() : plan.attempt_days, elapsed)) {
    Collect(traits, false, day, luck, calendar, payments, result);
  }
  result.gave_up = payments.is_failing && elapsed >= plan.end_day;
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
                       Payments& payments) {
  double misfortune = luck.On(day, Purpose::kCharge).Uniform();
  const auto meets = [&](double chance) { return (misfortune -= chance) < 0; };
  const DeclineCause met = meets(kHardChance)    ? DeclineCause::kHardDecline
                           : meets(kFraudChance) ? DeclineCause::kFraud
                           : meets(kWrongCardChance) ? DeclineCause::kWrongCard
                           : meets(kHoldChance)      ? DeclineCause::kHold
                           : meets(kTechnicalChance) ? DeclineCause::kTechnical
                                                     : DeclineCause::kNone;
  if (met == DeclineCause::kHardDecline || met == DeclineCause::kFraud ||
      met == DeclineCause::kWrongCard) {
    payments.blocked = met;
  }
  if (IsIssuerOut(luck.seed, traits.issuer, day)) {
    return DeclineCause::kIssuerOutage;
  }
  if (payments.blocked != DeclineCause::kNone) return payments.blocked;
  if (day >= payments.expiry_day) return DeclineCause::kExpiredCard;
  if (day >= payments.short_from_day) return DeclineCause::kInsufficientFunds;
  return met;
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

ChargeDay AdvancePayments(const Traits& traits, const Payer& payer, int day,
                          const Luck& luck, const Calendar& calendar,
                          const DunningRules& rules, Interest& interest,
                          Payments& payments) {
  ChargeDay result;
  AdvancePurse(traits, day, luck, calendar, payments);
  if (payments.is_failing) {
    AdvanceUnpaid(traits, day, luck, calendar, interest, payments, result);
    return result;
  }
  const double mends = MendRate(payments, interest.felt(), day);
  if (mends > 0 && luck.On(day, Purpose::kFix).Chance(DailyChance(mends))) {
    UpdateMethod(calendar, day, payments);
    result.method_updated = true;
  }
  if (day >= payments.due_day) {
    ChargeFirst(traits, payer, day, luck, rules, payments, result);
  }
  return result;
}

LeavingChances ChancesWhileFailing(const Payments& payments, double felt,
                                   int day) {
  const int elapsed = day - payments.failed_day;
  const auto cancels = [&](bool considering) {
    UnpaidTraits traits = payments.unpaid;
    traits.considering = considering;
    return double{ChancesWhileUnpaid(traits, WorldVariant(),
                                     static_cast<float>(felt), elapsed,
                                     payments.plan.AccessOn(elapsed),
                                     payments.plan.IsMessaged(elapsed))
                      .cancels};
  };
  LeavingChances chances;
  chances.leave_contented = cancels(false);
  chances.leave_considering = cancels(true);
  return chances;
}

}  // namespace tenuto::world
