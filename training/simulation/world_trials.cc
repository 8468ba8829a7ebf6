#include "training/simulation/world_trials.h"

#include <utility>

#include "features/base/status_macros.h"
#include "training/world/draws.h"

namespace tenuto {
namespace {

// What a plan says, as long as its payment may be collected.
TrialActions ActionsOf(const GracePlan& plan) {
  return {plan.actions, plan.last_day};
}

}  // namespace

absl::Status WorldTrials::Decide(const ComparedPolicy& policy,
                                 const world::FailedPayment& failure,
                                 const world::SeenFailure& seen, Bench& bench,
                                 TrialActions& actions) const {
  const FailureCase& known = bench.failure;
  switch (policy.kind) {
    case PolicyKind::kFixed:
      actions = options_.book.Lawful({policy.actions, policy.last_day}, known);
      break;
    case PolicyKind::kPersonal:
      TENUTO_RETURN_IF_ERROR(
          options_.model->Fill(seen.values, known.facts, bench.hazards));
      actions = ActionsOf(bench.planner.Plan(bench.hazards, known.stakes.stakes,
                                             known.limits, UnpaidPast()));
      break;
    case PolicyKind::kOracle: {
      options_.world.TrueHazards(failure, bench.hazards);
      GraceStakes stakes = known.stakes.stakes;
      const double months =
          options_.world.PaidMonths(failure, options_.world.Begin(failure));
      stakes.recovery_minor.fill(known.stakes.month_margin_minor * months -
                                 known.stakes.recovery_fee_minor);
      actions = ActionsOf(bench.planner.Plan(bench.hazards, stakes,
                                             known.limits, UnpaidPast()));
      break;
    }
    case PolicyKind::kMixture:
      break;  // One of the others, which have decided.
  }
  return absl::OkStatus();
}

absl::Status WorldTrials::RunOne(std::uint64_t number, Bench& bench,
                                 PolicyTally& tally) const {
  const world::FailureWorld& world = options_.world;
  const world::FailedPayment failure = world.Make(number);
  const world::SeenFailure seen = world.See(failure);
  const world::FailureLuck luck = world.LuckOf(failure);
  TENUTO_RETURN_IF_ERROR(options_.book.Fill(
      seen, absl::FromUnixSeconds(world.FailedEpochOf(failure)),
      bench.failure));
  const std::size_t count = options_.policies.policies().size();
  bench.actions.resize(count);
  bench.outcomes.resize(count);
  for (std::size_t k = 0; k < count; ++k) {
    const ComparedPolicy& policy = options_.policies.policies()[k];
    if (policy.kind == PolicyKind::kMixture) continue;
    TENUTO_RETURN_IF_ERROR(
        Decide(policy, failure, seen, bench, bench.actions[k]));
    bench.outcomes[k] = LiveThrough(world, failure, luck, bench.failure.stakes,
                                    bench.actions[k]);
  }
  const double unit =
      world::Draws(options_.seed, number, 0, world::Purpose::kMixture)
          .Uniform();
  for (std::size_t k = 0; k < count; ++k) {
    const ComparedPolicy& policy = options_.policies.policies()[k];
    if (policy.kind != PolicyKind::kMixture) continue;
    const ComparedPolicy& serving = options_.policies.Serving(k, unit);
    bench.outcomes[k] = bench.outcomes[static_cast<std::size_t>(
        &serving - options_.policies.policies().data())];
  }
  tally.Add({bench.outcomes, {}, bench.failure.segments});
  return absl::OkStatus();
}

absl::Status WorldTrials::Run(std::uint64_t from, std::uint64_t to,
                              Bench& bench, PolicyTally& tally) const {
  for (std::uint64_t number = from; number < to; ++number) {
    TENUTO_RETURN_IF_ERROR(RunOne(number, bench, tally));
  }
  return absl::OkStatus();
}

}  // namespace tenuto
