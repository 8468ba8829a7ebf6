// What a person does while a payment of theirs is open: pays, or cancels, or
// waits, under the access and messages that we choose. The same rules for
// `world generate`, the truth and the twin of a policy simulation. Cheap on
// purpose (no libm): asked once for every policy and day.
//
//   pays:    rate by cause, 0.001 + 0.004 E to 0.004 + 0.035 E, falling as
//            1 / (1 + d/10); E in (0,1) grows with felt interest
//            x (1 + nudge of a message, most for who merely forgot)
//            x (no access: 1 + 1.2 E^2; full access for free: 1 - 0.35 thrift)
//   cancels: push (0.003 a^5 content, 0.035 a^2 considering), a = apathy
//            x (message: 1.25 + 2.5 irritation) x (no access: 2 + 6 (1 - E))
// Every effect is multiplied by a factor of the variant; at 0 nothing is left.
// Value types; not thread-safe.
#ifndef TENUTO_TRAINING_WORLD_UNPAID_H_
#define TENUTO_TRAINING_WORLD_UNPAID_H_

#include "model/grace/unpaid_day.h"
#include "training/world/decline_cause.h"
#include "training/world/leaving.h"
#include "training/world/person.h"
#include "training/world/world_variant.h"

namespace tenuto::world {

// What of a person decides the unpaid days, in numbers that do not change
// during them.
struct UnpaidTraits {
  DeclineCause cause = DeclineCause::kNone;
  bool considering = false;  // Frozen while it is open.
  float push = 1;            // Towards leaving: price and tenure.
  float thrift = 0;          // 0-1: takes what is free.
  float response = 1;        // To messages.
  float irritation = 0;      // By messages.
};
UnpaidTraits UnpaidTraitsOf(const Traits& traits, DeclineCause cause,
                            Intention intention, int tenure_days);

struct UnpaidChances {
  float pays = 0;
  float cancels = 0;
};
// `elapsed` days after the first attempt; `messaged` as in hazard_table.h.
UnpaidChances ChancesWhileUnpaid(const UnpaidTraits& traits,
                                 const WorldVariant& variant, float felt,
                                 int elapsed, Access access, bool messaged);

// By how much a day of this lowers interest: without access people forget us,
// a message that is sent annoys.
float InterestLostOn(const WorldVariant& variant, Access access);
float AnnoyanceOfMessage(const UnpaidTraits& traits,
                         const WorldVariant& variant);

}  // namespace tenuto::world

#endif  // TENUTO_TRAINING_WORLD_UNPAID_H_
