#include "training/simulation/simulate_world.h"

#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"
#include "training/simulation/ordered_sum.h"
#include "training/simulation/practice.h"

namespace tenuto {
namespace {

constexpr std::int64_t kChunk = 1'024;  // Failed payments.

absl::StatusOr<PolicyTally> RunAll(
    const WorldTrials& trials, const SimulateWorldOptions& options,
    const PolicyFile& policies, std::optional<std::size_t> personal,
    absl::FunctionRef<void(std::int64_t)> progress) {
  return SumInOrder(
      {.items = options.failures, .chunk = kChunk, .threads = options.threads},
      PolicyTally(policies.policies().size(), Segments().size(),
                  policies.current(), personal),
      [&trials] {
        return [&trials, bench = std::make_shared<WorldTrials::Bench>()](
                   std::int64_t from, std::int64_t to, PolicyTally& sum) {
          return trials.Run(static_cast<std::uint64_t>(from),
                            static_cast<std::uint64_t>(to), *bench, sum);
        };
      },
      progress);
}

}  // namespace

absl::StatusOr<SimulationResult> SimulateWorld(
    const SimulateWorldOptions& options, const PolicyFile& policies,
    const Clock& clock, absl::FunctionRef<void(std::int64_t)> progress) {
  const absl::Time start = clock.Now();
  SimulationResult result;
  TENUTO_ASSIGN_OR_RETURN(const world::WorldVariant variant,
                          world::WorldVariant::Named(options.variant));
  TENUTO_ASSIGN_OR_RETURN(const world::FailureWorld world,
                          world::FailureWorld::Create(options.seed, variant));
  TENUTO_ASSIGN_OR_RETURN(
      const CaseBook book,
      CaseBook::Create(PaymentRules::Embedded(), GraceValues::Embedded(),
                       policies.currency()));
  std::shared_ptr<const RecoveryModel> model;
  for (std::size_t k = 0; k < policies.policies().size(); ++k) {
    result.policies.push_back(policies.policies()[k].name);
    if (policies.policies()[k].kind == PolicyKind::kOracle) result.oracle = k;
    if (policies.policies()[k].kind == PolicyKind::kPersonal) {
      result.personal = k;
    }
  }
  if (result.personal.has_value()) {
    TENUTO_ASSIGN_OR_RETURN(const world::FailureWorld other,
                            world::FailureWorld::Create(
                                world::SplitSeed(options.seed, 2), variant));
    TENUTO_ASSIGN_OR_RETURN(
        model, LearnByPractice(other, book,
                               {.failures = options.practice_failures,
                                .seed = options.seed,
                                .threads = options.threads}));
    result.learning_seconds = absl::ToDoubleSeconds(clock.Now() - start);
  }
  const WorldTrials trials({.world = world,
                            .book = book,
                            .policies = policies,
                            .model = model.get(),
                            .seed = options.seed});
  TENUTO_ASSIGN_OR_RETURN(result.tally, RunAll(trials, options, policies,
                                               result.personal, progress));
  result.source = absl::StrCat(
      "the world", options.variant.empty() ? "" : " " + options.variant,
      ", seed ", options.seed);
  result.currency = policies.currency();
  result.failures = options.failures;
  result.threads = options.threads;
  result.current = policies.current();
  result.seconds = absl::ToDoubleSeconds(clock.Now() - start);
  return result;
}

}  // namespace tenuto
