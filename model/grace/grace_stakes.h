// What things are worth while a payment is unpaid, in minor units of its
// currency, and what a plan is worth by them. The planner, the simulation and
// the record of a plan all reckon with these, so their net values compare:
// margin x expected paid months, less free days, attempts, messages, goodwill.
// Value types; not thread-safe.
#ifndef TENUTO_MODEL_GRACE_GRACE_STAKES_H_
#define TENUTO_MODEL_GRACE_GRACE_STAKES_H_

#include <array>

#include "model/grace/recovery_curve.h"
#include "model/grace/unpaid_day.h"

namespace tenuto {

struct GraceStakes {
  // Of a payment collected on a day: margin x expected paid months after it,
  // less the fees of collecting. A payment that stays open is worth nothing.
  std::array<double, kUnpaidDays + 1> recovery_minor{};
  // Of one day, by Access, for whoever still owes at its end.
  std::array<double, 3> access_day_minor{};
  double attempt_minor = 0;
  double message_minor = 0;
  // Not money yet: what a message annoys, and what one step down annoys those
  // who still owe then (full to none is two steps).
  double message_goodwill_minor = 0;
  double access_step_goodwill_minor = 0;
  // An attempt, a message or a day of access must gain more than this, or it is
  // not planned: where an effect does not exist, nothing is spent on it.
  double least_gain_minor = 0.01;

  double access_day(Access access) const {
    return access_day_minor[static_cast<std::size_t>(access)];
  }
};

// Expected, as of the day of planning.
struct PlanWorth {
  double recovered = 0;  // Probability.
  double cancelled = 0;  // Probability.
  double free_days = 0;  // Days of full access to those who owe at their end.
  double reduced_days = 0;
  double attempts = 0;
  double messages = 0;
  double access_steps = 0;
  double recovery_minor = 0;  // What is recovered; the rest is what it costs.
  double access_minor = 0;
  double attempts_minor = 0;
  double messages_minor = 0;
  double goodwill_minor = 0;
  double net_minor() const {
    return recovery_minor - access_minor - attempts_minor - messages_minor -
           goodwill_minor;
  }
};

// Of the days after `past.day` through `last_day`, which is when collecting
// ends; `curve` is what Follow gives for the same actions and past.
PlanWorth WorthOf(const GraceStakes& stakes, const DayActions& actions,
                  const RecoveryCurve& curve, const UnpaidPast& past,
                  int last_day = kUnpaidDays);

}  // namespace tenuto

#endif  // TENUTO_MODEL_GRACE_GRACE_STAKES_H_
