#include "training/simulation/trial.h"

#include <cstddef>

namespace tenuto {
namespace {

// Of the net value: each end of each day has its chance and, by what was done
// until then, its value. What a recovery is worth stays its mean.
double NetVariance(const GraceStakes& stakes, const TrialActions& trial,
                   const RecoveryCurve& curve, double mean) {
  double spent = 0, variance = 0;
  const auto ends = [&](double chance, double worth) {
    variance += chance * (worth - spent - mean) * (worth - spent - mean);
  };
  Access access = Access::kFull;
  for (int day = 1; day <= trial.last_day; ++day) {
    const auto at = static_cast<std::size_t>(day);
    const DayAction& action = trial.actions[at];
    if (action.messages) {
      spent += stakes.message_minor + stakes.message_goodwill_minor;
    }
    if (action.access < access) {
      spent += stakes.access_step_goodwill_minor *
               (static_cast<int>(access) - static_cast<int>(action.access));
      access = action.access;
    }
    ends(curve[at].by_user, stakes.recovery_minor[at]);
    if (action.attempts) spent += stakes.attempt_minor;
    ends(curve[at].by_retry, stakes.recovery_minor[at]);
    ends(curve[at].cancelled, 0);
    spent += stakes.access_day(action.access);
  }
  ends(curve[static_cast<std::size_t>(trial.last_day)].open, 0);
  return variance;
}

}  // namespace

TrialOutcome LiveThrough(const world::FailureWorld& world,
                         const world::FailedPayment& failure,
                         const world::FailureLuck& luck,
                         const WorldStakes& stakes, const TrialActions& trial) {
  const GraceStakes& costs = stakes.stakes;
  TrialOutcome outcome;
  double spent = 0;
  world::UnpaidState state = world.Begin(failure);
  Access access = Access::kFull;
  for (int day = 1; day <= trial.last_day && state.is_open(); ++day) {
    const DayAction& action = trial.actions[static_cast<std::size_t>(day)];
    if (action.messages) {
      ++outcome.messages;
      spent += costs.message_minor + costs.message_goodwill_minor;
    }
    if (action.access < access) {
      spent += costs.access_step_goodwill_minor *
               (static_cast<int>(access) - static_cast<int>(action.access));
      access = action.access;
    }
    world.Advance(failure, luck, action, state);
    if (!state.is_open()) break;
    spent += costs.access_day(action.access);
    if (action.access == Access::kFull) ++outcome.free_days;
  }
  outcome.attempts = state.attempts - 1;
  spent += costs.attempt_minor * outcome.attempts;
  if (state.end == RecoveryEnd::kByUser || state.end == RecoveryEnd::kByRetry) {
    outcome.recovered = 1;
    outcome.recovered_day = state.day;
    outcome.recovered_minor =
        stakes.month_margin_minor * world.PaidMonths(failure, state) -
        stakes.recovery_fee_minor;
  }
  outcome.net_minor = outcome.recovered_minor - spent;
  return outcome;
}

TrialOutcome Expect(const HazardTable& hazards, const GraceStakes& stakes,
                    const TrialActions& trial, RecoveryCurve& curve) {
  const UnpaidPast past;
  curve = Follow(hazards, trial.actions, past);
  const PlanWorth worth =
      WorthOf(stakes, trial.actions, curve, past, trial.last_day);
  TrialOutcome outcome;
  outcome.recovered = worth.recovered;
  outcome.recovered_minor = worth.recovery_minor;
  outcome.free_days = worth.free_days;
  outcome.attempts = worth.attempts;
  outcome.messages = worth.messages;
  outcome.net_minor = worth.net_minor();
  outcome.recovered_variance = outcome.recovered * (1 - outcome.recovered);
  outcome.net_variance = NetVariance(stakes, trial, curve, outcome.net_minor);
  return outcome;
}

}  // namespace tenuto
