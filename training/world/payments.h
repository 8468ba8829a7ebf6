// Collecting money every 30 days: why a charge fails, and the unpaid days after
// it: people who pay (unpaid.h), cards that can be charged again
// (unpaid_cure.h), the house's plan (house_dunning.h), stores that collect by
// themselves. Part of the hidden state: it draws luck but writes no events, so
// that it can be run on imagined futures and under other rules.
// Value types; not thread-safe.
#ifndef TENUTO_TRAINING_WORLD_PAYMENTS_H_
#define TENUTO_TRAINING_WORLD_PAYMENTS_H_

#include <cstdint>

#include "tenuto/v1/event.pb.h"
#include "training/world/calendar.h"
#include "training/world/decline_cause.h"
#include "training/world/draws.h"
#include "training/world/house_dunning.h"
#include "training/world/interest.h"
#include "training/world/leaving.h"
#include "training/world/person.h"
#include "training/world/unpaid.h"
#include "training/world/unpaid_cure.h"

namespace tenuto::world {

inline constexpr int kBillingDays = 30;

struct Payments {
  // The method.
  v1::PaymentMethodKind kind = v1::PAYMENT_METHOD_KIND_CARD;
  int expiry_day = 0;  // First day of refusal.
  // kHardDecline, kFraud or kWrongCard: nothing is collected until an update.
  DeclineCause blocked = DeclineCause::kNone;
  // The purse, in this pay cycle.
  int next_payday = -1000;
  int short_from_day = 0;  // From here to the payday there is no money.
  // The invoice.
  int due_day = 0;  // Of the next first attempt.
  int invoice = 0;  // Number of the current one, from 1.
  int attempts = 0;
  // While it fails.
  bool is_failing = false;
  int failed_day = 0;   // Of the first attempt.
  UnpaidTraits unpaid;  // With the cause of the first attempt.
  Cure cure;
  std::uint64_t collects = 0;  // Bit d: cured d days after it.
  DunningPlan plan;

  // What the subscriber may use on this day.
  Access AccessOn(int day) const {
    return is_failing ? plan.AccessOn(day - failed_day) : Access::kFull;
  }
};

struct ChargeAttempt {
  bool by_customer = false;
  int number = 0;
  DeclineCause cause = DeclineCause::kNone;  // kNone: approved.
};

// What happened on one day.
struct ChargeDay {
  bool attempted = false;  // At most once a day.
  ChargeAttempt attempt;
  bool method_updated = false;
  bool planned = false;  // A plan was drawn for what failed today.
  bool messaged = false;
  bool paid = false;
  bool recovered = false;  // Paid after having failed.
  bool gave_up = false;    // The plan is over.
};

// A person's method and purse on the day before `day`.
Payments DrawPayments(const Traits& traits, const Calendar& calendar, int day,
                      Draws& draws);

// Why the first charge of an invoice on `day` would fail; misfortunes of the
// card that begin with it are written into `payments`.
DeclineCause TryCharge(const Traits& traits, int day, const Luck& luck,
                       Payments& payments);

// What of a subscriber else decides about an unpaid invoice.
struct Payer {
  int tenure_days = 0;
  Intention intention = Intention::kContented;
};
// One day of a paying subscription.
ChargeDay AdvancePayments(const Traits& traits, const Payer& payer, int day,
                          const Luck& luck, const Calendar& calendar,
                          const DunningRules& rules, Interest& interest,
                          Payments& payments);

// Chances of leaving on an unpaid day, of contented and considering people; no
// one changes his mind meanwhile.
LeavingChances ChancesWhileFailing(const Payments& payments, double felt,
                                   int day);

// Purse and card go on while nothing is charged.
void AdvancePurse(const Traits& traits, int day, const Luck& luck,
                  const Calendar& calendar, Payments& payments);

// Whether `issuer` answers nobody on `day`.
bool IsIssuerOut(std::uint64_t seed, int issuer, int day);

}  // namespace tenuto::world

#endif  // TENUTO_TRAINING_WORLD_PAYMENTS_H_
