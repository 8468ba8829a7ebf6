// What the network answers to a charge that failed: raw codes that the payment
// rules class as the cause means, and now and then Mastercard's advice, which
// knows a little of when money will be there.
// Value type; not thread-safe.
#ifndef TENUTO_TRAINING_WORLD_DECLINE_ANSWER_H_
#define TENUTO_TRAINING_WORLD_DECLINE_ANSWER_H_

#include "tenuto/v1/event.pb.h"
#include "training/world/decline_cause.h"
#include "training/world/draws.h"
#include "training/world/person.h"
#include "training/world/unpaid_cure.h"

namespace tenuto::world {

// The store that collects for somebody; STORE_UNSPECIFIED for most.
v1::Store StoreOf(const Traits& traits);

// A store hides it.
v1::CardNetwork NetworkOf(const Traits& traits);

struct DeclineAnswer {
  const char* decline_code = "";  // Static storage; "" for an approval.
  const char* advice_code = "";   // "" where none is given.
  int decline_number = 0;         // The same as small numbers; 0 for "".
  int advice_number = 0;
};
DeclineAnswer AnswerOf(DeclineCause cause, const Traits& traits,
                       const Cure& cure, Draws draws);

}  // namespace tenuto::world

#endif  // TENUTO_TRAINING_WORLD_DECLINE_ANSWER_H_
