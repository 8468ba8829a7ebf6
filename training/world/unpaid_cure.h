// What must happen before a failed charge can be collected from the same card:
// a payday, the end of a hold, a new number from the network. Nothing that we
// do changes it. The same rules for `world generate` and the twin.
//
//   funds:  an account that nobody fills any more stays empty for ever;
//           others are empty until the next payday, and in each pay cycle after
//           it the money lasts for all of it, or, with a chance that is high
//           after a short cycle, for a part of it only
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
  double for_ever = 1;
  // Others.
  double mean_days = 0;
};

// `payday_in`: days until the payer's next payday.
Cure CureOf(const Traits& traits, DeclineCause cause, int payday_in);

// Bit d: the card would pay an attempt on day d (1 to kUnpaidDays) but for
// outages and whims.
std::uint64_t CuredDays(const Cure& cure, Draws draws);

// P(cured on `day` | blocked on `sure_day`, and the attempt on `last_day` after
// it failed). `whim`: chance that an attempt fails though cured. Exact where
// sure_day is 0; else attempts are taken to have come at even distances.
double CureChance(const Cure& cure, int sure_day, int last_day, int day,
                  double whim);
// Bit d: a store that collects for us tries again by itself on day d.
std::uint64_t StoreRetryDays();
// P(still blocked on `day`), for causes other than funds.
double BlockedChance(const Cure& cure, int day);

}  // namespace tenuto::world

#endif  // TENUTO_TRAINING_WORLD_UNPAID_CURE_H_
