// What must happen before a failed charge can be collected from the same card:
// a payday, the end of a hold, a new number from the network. Nothing that we
// do changes it. The same rules for `world generate` and the twin.
//
//   funds:  none until the next payday; in each pay cycle after it the money
//           lasts for all of it, or, with a chance that is high after a short
//           cycle, for a part of it only
//   others: blocked for ever with chance `for_ever`, else for an exponential
//           time; whoever is for ever is known to nobody
// Beside it every attempt may meet an outage of the issuer or a whim of the
// bank. Value types; not thread-safe.
#ifndef TENUTO_TRAINING_WORLD_UNPAID_CURE_H_
#define TENUTO_TRAINING_WORLD_UNPAID_CURE_H_

#include <cstdint>

#include "training/world/decline_cause.h"
#include "training/world/draws.h"
#include "training/world/person.h"

namespace tenuto::world {

struct Cure {
  // Funds.
  bool by_payday = false;
  int payday_in = 0;       // Days from the failure, at least 1.
  int cycle_days = 30;     // Of later cycles.
  double short_again = 0;  // Chance of a short cycle after a short one,
  double short_anew = 0;   // and after one that was not.
  // Others.
  double for_ever = 1;
  double mean_days = 0;
};

// `payday_in`: days until the payer's next payday.
Cure CureOf(const Traits& traits, DeclineCause cause, int payday_in);

// Bit d: the card would pay an attempt on day d (1 to kUnpaidDays) but for
// outages and whims.
std::uint64_t CuredDays(const Cure& cure, Draws draws);

// P(cured on `day` | the attempt on `last_day` failed, and it was the first
// after the failure or the only one that tells anything). `whim`: chance that
// an attempt fails though cured.
double CureChance(const Cure& cure, int last_day, int day, double whim);
// Bit d: a store that collects for us tries again by itself on day d.
std::uint64_t StoreRetryDays();
// P(still blocked on `day`), for causes other than funds.
double BlockedChance(const Cure& cure, int day);

}  // namespace tenuto::world

#endif  // TENUTO_TRAINING_WORLD_UNPAID_CURE_H_
