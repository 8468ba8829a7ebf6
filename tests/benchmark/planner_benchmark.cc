// What a plan for a failed payment costs with its chances at hand, in the
// microseconds of one core; alone: build/tests/planner_benchmark. "Free": the
// ceilings on attempts and messages do not bind; "Bound": both do, so that the
// whole table is filled.
#include <random>
#include <vector>

#include "benchmark/benchmark.h"
#include "model/grace/grace_planner.h"
#include "model/grace/grace_values.h"
#include "model/grace/plan_phases.h"
#include "tests/support/unpaid_tables.h"

namespace tenuto {
namespace {

constexpr int kTables = 64;

std::vector<HazardTable> Tables(bool binds) {
  std::mt19937 random(1);
  std::vector<HazardTable> tables;
  for (int i = 0; i < kTables; ++i) {
    testing::Lifelike life;
    life.mends = testing::Uniform(random, 0.005, 0.05);
    life.loss = testing::Uniform(random, 1, 3);
    life.payday_day = static_cast<int>(random() % 30);
    life.nudge = binds ? 4 : testing::Uniform(random, 0.9, 1.1);
    life.annoys = binds ? 1 : 1.2;
    life.retry = binds ? 0.08 : 0;
    life.payday = binds ? 0.3 : testing::Uniform(random, 0, 0.1);
    tables.push_back(testing::LifelikeHazards(life));
  }
  return tables;
}

PlanLimits Limits() {
  const PlanCeilings ceilings = GraceValues::Embedded().ceilings();
  PlanLimits limits;
  limits.attempts_max = ceilings.attempts_max;
  limits.messages_max = ceilings.messages_max;
  limits.full_lengths = DaySet((1ull << 31) - 1);
  return limits;
}

void Run(benchmark::State& run, bool binds, const PlanLimits& limits,
         PlanDetail detail) {
  const std::vector<HazardTable> tables = Tables(binds);
  const GraceStakes stakes = *GraceValues::Embedded().StakesOf("EUR");
  GracePlanner planner;
  std::size_t at = 0;
  double attempts = 0, messages = 0, full_days = 0;
  for (auto _ : run) {
    const GracePlan plan = planner.Plan(tables[at], stakes, limits, {}, detail);
    benchmark::DoNotOptimize(&plan);
    attempts += static_cast<double>(plan.attempt_days.count());
    messages += static_cast<double>(plan.message_days.count());
    full_days += plan.full_days;
    at = (at + 1) % tables.size();
  }
  using benchmark::Counter;
  run.counters["attempts"] = Counter(attempts, Counter::kAvgIterations);
  run.counters["messages"] = Counter(messages, Counter::kAvgIterations);
  run.counters["full_days"] = Counter(full_days, Counter::kAvgIterations);
}

void PlanFree(benchmark::State& run) {
  Run(run, false, Limits(), PlanDetail::kActions);
}
void PlanBound(benchmark::State& run) {
  Run(run, true, Limits(), PlanDetail::kActions);
}
void PlanOfDeadCard(benchmark::State& run) {
  PlanLimits limits = Limits();
  limits.attempt_days.reset();
  limits.attempt_rule = kSubscriberMustAct;
  Run(run, true, limits, PlanDetail::kActions);
}
void ExplainFree(benchmark::State& run) {
  Run(run, false, Limits(), PlanDetail::kEverything);
}
void ExplainBound(benchmark::State& run) {
  Run(run, true, Limits(), PlanDetail::kEverything);
}
// Which phases it leads through, with reduced access.
void PhasesOfPlan(benchmark::State& run) {
  GracePlan plan;
  plan.full_days = 7;
  plan.reduced_days = 5;
  const absl::Time failed = absl::FromUnixSeconds(1'780'272'001);
  int hour = 0;
  for (auto _ : run) {
    const PlanPhases phases = PhasesOf(plan, failed, absl::ZeroDuration(),
                                       failed + absl::Hours(hour));
    benchmark::DoNotOptimize(&phases);
    hour = (hour + 1) % 64;
  }
}
BENCHMARK(PlanFree);
BENCHMARK(PlanBound);
BENCHMARK(PlanOfDeadCard);
BENCHMARK(ExplainFree);
BENCHMARK(ExplainBound);
BENCHMARK(PhasesOfPlan);

}  // namespace
}  // namespace tenuto

BENCHMARK_MAIN();
