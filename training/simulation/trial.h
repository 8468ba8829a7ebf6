// One failed payment under one policy: what became of it and what it cost. A
// simulated world lives it once, on luck that all policies share; a log's
// payment has expected values instead, by the chances of a model.
// Value types; not thread-safe.
#ifndef TENUTO_TRAINING_SIMULATION_TRIAL_H_
#define TENUTO_TRAINING_SIMULATION_TRIAL_H_

#include "model/grace/grace_stakes.h"
#include "model/grace/recovery_curve.h"
#include "training/world/failed_payment.h"

namespace tenuto {

// What is done about one failed payment, for as long as it is open.
struct TrialActions {
  DayActions actions;
  int last_day = kUnpaidDays;  // Open after it is lost.
};

struct TrialOutcome {
  int recovered_day = 0;       // Of a lived one; 0: it was not.
  double recovered = 0;        // 0 or 1, or a probability.
  double recovered_minor = 0;  // Margin of the months it is worth, less fees.
  double free_days = 0;        // Of full access to one who owed at their end.
  double attempts = 0;         // Without the first one.
  double messages = 0;
  double net_minor = 0;  // Less everything that was spent.
  // Of an expected one: how far what happens may be from that, by the chances.
  double recovered_variance = 0;
  double net_variance = 0;
  double free_days_variance = 0;
  double attempts_variance = 0;
  double messages_variance = 0;
  // Of one that was put right by what was lived: its values have weights, and
  // the luck is in them.
  bool put_right = false;
};

// The money of one failed payment in a world that knows how long a subscription
// that was recovered will really go on.
struct WorldStakes {
  GraceStakes stakes;             // recovery_minor is not read.
  double month_margin_minor = 0;  // Of one paid month.
  double recovery_fee_minor = 0;
};

TrialOutcome LiveThrough(const world::FailureWorld& world,
                         const world::FailedPayment& failure,
                         const world::FailureLuck& luck,
                         const WorldStakes& stakes, const TrialActions& trial);

// Expected, by `hazards`. The curve goes on after last_day.
TrialOutcome Expect(const HazardTable& hazards, const GraceStakes& stakes,
                    const TrialActions& trial, RecoveryCurve& curve,
                    const UnpaidPast& past = UnpaidPast());

}  // namespace tenuto

#endif  // TENUTO_TRAINING_SIMULATION_TRIAL_H_
