// Collecting money every 30 days: why a charge fails, what each cause needs to
// go away, retries on a schedule, and people who mend their card themselves.
// Part of the hidden state: it draws luck but writes no events, so that it can
// be run on imagined futures and under other rules.
// Value types; not thread-safe.
#ifndef TENUTO_TRAINING_WORLD_PAYMENTS_H_
#define TENUTO_TRAINING_WORLD_PAYMENTS_H_

#include <vector>

#include "tenuto/v1/event.pb.h"
#include "training/world/calendar.h"
#include "training/world/draws.h"
#include "training/world/person.h"

namespace tenuto::world {

inline constexpr int kBillingDays = 30;

// The policy in force. Another one can be tried on the same luck.
struct DunningRules {
  std::vector<int> retry_after_days = {1, 3, 6, 10};
  int grace_days = 21;  // Then the subscription ends.
};

enum class DeclineCause {
  kNone,
  kInsufficientFunds,  // Until the next payday.
  kHold,               // "Do not honour": some days, or for ever.
  kExpiredCard,        // Until the card is updated.
  kHardDecline,        // Lost, stolen, closed: until the card is updated.
  kIssuerOutage,       // A day or two, the same for all of an issuer.
  kWrongCard,          // Number or details wrong: until the card is updated.
  kFraud,              // Reported lost or stolen: until another card.
  kTechnical,          // Nobody could be asked; mostly gone a day later.
};
inline constexpr int kDeclineCauses = 9;  // kNone among them.

// Chances of what begins with an invoice, and, per issuer and day, of an outage
// and of its second day. An attempt that nothing stands against fails anyhow by
// a whim of the bank.
inline constexpr double kHoldChance = 0.024;
inline constexpr double kHardChance = 0.004;
inline constexpr double kFraudChance = 0.002;
inline constexpr double kWrongCardChance = 0.003;
inline constexpr double kTechnicalChance = 0.005;
inline constexpr double kOutageChance = 0.008;
inline constexpr double kOutageLasts = 0.3;
inline constexpr double kWhimChance = 0.03;
inline constexpr int kCardMonths = 30;  // How long a new card is valid.

struct Payments {
  // The method.
  v1::PaymentMethodKind kind = v1::PAYMENT_METHOD_KIND_CARD;
  int expiry_day = 0;  // First day of refusal.
  bool is_blocked = false;
  int hold_until_day = -1000;
  // The purse, in this pay cycle.
  int next_payday = -1000;
  int short_from_day = 0;  // From here to the payday there is no money.
  // The invoice.
  int due_day = 0;  // Of the next first attempt.
  int invoice = 0;  // Number of the current one, from 1.
  bool is_failing = false;
  DeclineCause cause = DeclineCause::kNone;  // Of the last attempt.
  int failed_day = 0;                        // Of the first attempt.
  int attempts = 0;
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
  bool paid = false;
  bool recovered = false;  // Paid after having failed.
  bool gave_up = false;    // Grace is over.
};

// A person's method and purse on the day before `day`.
Payments DrawPayments(const Traits& traits, const Calendar& calendar, int day,
                      Draws& draws);

// Why a charge on `day` would fail. `first` draws the misfortunes that begin
// with an invoice and writes them into `payments`.
DeclineCause TryCharge(const Traits& traits, int day, const Luck& luck,
                       bool first, Payments& payments);

// One day of a paying subscription. `felt` interest decides how soon somebody
// mends a card: 0.006 + 0.065 logistic(1.3 felt) a day at first.
ChargeDay AdvancePayments(const Traits& traits, double felt, int day,
                          const Luck& luck, const Calendar& calendar,
                          const DunningRules& rules, Payments& payments);

// Purse and card go on while nothing is charged.
void AdvancePurse(const Traits& traits, int day, const Luck& luck,
                  const Calendar& calendar, Payments& payments);

// Whether `issuer` answers nobody on `day`.
bool IsIssuerOut(std::uint64_t seed, int issuer, int day);

}  // namespace tenuto::world

#endif  // TENUTO_TRAINING_WORLD_PAYMENTS_H_
