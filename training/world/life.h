// The whole hidden state of a person, and one day of it while subscribed. The
// world lives it once; the truth and, later, other policies live copies of it
// on imagined luck: there is one set of rules for all of them.
// Value types; not thread-safe.
#ifndef TENUTO_TRAINING_WORLD_LIFE_H_
#define TENUTO_TRAINING_WORLD_LIFE_H_

#include <optional>

#include "training/world/calendar.h"
#include "training/world/draws.h"
#include "training/world/interest.h"
#include "training/world/leaving.h"
#include "training/world/messages.h"
#include "training/world/payments.h"
#include "training/world/person.h"

namespace tenuto::world {

struct Subscription {
  v1::Plan plan = v1::PLAN_FREE;
  int since_day = 0;      // Of the trial or the paid plan.
  int trial_end_day = 0;  // While PLAN_TRIAL.
  int left_day = -1000;   // Of the last end of a subscription.
  bool had_trial = false;

  bool is_paying() const {
    return plan == v1::PLAN_PREMIUM || plan == v1::PLAN_TRIAL;
  }
};

struct Hidden {
  Interest interest;
  Intention intention = Intention::kContented;
  Subscription subscription;
  Payments payments;
  Messages messages;
  bool behaviour_consent = true;
};

struct Person {
  Traits traits;
  Hidden hidden;
};

// What the company does, the same for everyone. Outlives who points to it.
struct House {
  DunningRules dunning;
  HousePolicy policy;
};

Person MakePerson(std::uint64_t seed, std::uint64_t user, int days,
                  const Calendar& calendar);

struct PayingDay {
  MessageDay message;
  ChargeDay charge;
};

// Messages, charges and interest of one day on a trial or paid plan, in this
// order. Whether the person leaves is drawn afterwards, from ChancesOn().
PayingDay AdvancePaying(const Traits& traits, int day, const Luck& luck,
                        const Calendar& calendar, const House& house,
                        std::optional<MessageKind> forced, Hidden& hidden);

LeavingChances ChancesOn(const Traits& traits, int day, const Hidden& hidden);

}  // namespace tenuto::world

#endif  // TENUTO_TRAINING_WORLD_LIFE_H_
