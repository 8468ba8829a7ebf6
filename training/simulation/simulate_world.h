// `tenuto simulate grace --world`: every policy on failed payments of a
// simulated world, on all cores, in bounded memory.
// Thread-safe.
#ifndef TENUTO_TRAINING_SIMULATION_SIMULATE_WORLD_H_
#define TENUTO_TRAINING_SIMULATION_SIMULATE_WORLD_H_

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "features/base/clock.h"
#include "training/simulation/simulation_result.h"
#include "training/simulation/world_trials.h"

namespace tenuto {

struct SimulateWorldOptions {
  std::uint64_t seed = 1;
  std::int64_t failures = 0;
  std::string variant;  // "" is the base world.
  // What the personal policy's recovery model learns from.
  std::int64_t practice_failures = 20'000;
  int threads = 1;
};

// The same result on any number of threads. Told of payments done.
absl::StatusOr<SimulationResult> SimulateWorld(
    const SimulateWorldOptions& options, const PolicyFile& policies,
    const Clock& clock, absl::FunctionRef<void(std::int64_t)> progress);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_SIMULATION_SIMULATE_WORLD_H_
