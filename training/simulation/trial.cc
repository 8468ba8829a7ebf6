#include "training/simulation/trial.h"

#include <cstddef>

namespace tenuto {
namespace {

// What was done to a payment until it ended.
struct DoneSoFar {
  double spent = 0;
  double free_days = 0;
  double attempts = 0;
  double messages = 0;
};

// Each end of each day has its chance and, by what was done until then, its
// value: `ends(chance, what a recovery is worth then, what was done)`.
template <class Ends>
void ForEachEnd(const GraceStakes& stakes, const TrialActions& trial,
                const RecoveryCurve& curve, const Ends& ends) {
  DoneSoFar done;
  Access access = Access::kFull;
  for (int day = 1; day <= trial.last_day; ++day) {
    const auto at = static_cast<std::size_t>(day);
    const DayAction& action = trial.actions[at];
    if (action.messages) {
      ++done.messages;
      done.spent += stakes.message_minor + stakes.message_goodwill_minor;
    }
    if (action.access < access) {
      done.spent +=
          stakes.access_step_goodwill_minor *
          (static_cast<int>(access) - static_cast<int>(action.access));
      access = action.access;
    }
    ends(curve[at].by_user, stakes.recovery_minor[at], done);
    if (action.attempts) {
      ++done.attempts;
      done.spent += stakes.attempt_minor;
    }
    ends(curve[at].by_retry, stakes.recovery_minor[at], done);
    ends(curve[at].cancelled, 0, done);
    done.spent += stakes.access_day(action.access);
    if (action.access == Access::kFull) ++done.free_days;
  }
  ends(curve[static_cast<std::size_t>(trial.last_day)].open, 0, done);
}

// What a recovery is worth stays its mean.
void FillVariances(const GraceStakes& stakes, const TrialActions& trial,
                   const RecoveryCurve& curve, TrialOutcome& outcome) {
  outcome.recovered_variance = outcome.recovered * (1 - outcome.recovered);
  ForEachEnd(
      stakes, trial, curve,
      [&](double chance, double worth, const DoneSoFar& done) {
        const auto add = [chance](double apart, double& variance) {
          variance += chance * apart * apart;
        };
        add(worth - done.spent - outcome.net_minor, outcome.net_variance);
        add(done.free_days - outcome.free_days, outcome.free_days_variance);
        add(done.attempts - outcome.attempts, outcome.attempts_variance);
        add(done.messages - outcome.messages, outcome.messages_variance);
      });
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
                    const TrialActions& trial, RecoveryCurve& curve,
                    const UnpaidPast& past) {
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
  FillVariances(stakes, trial, curve, outcome);
  return outcome;
}

}  // namespace tenuto
