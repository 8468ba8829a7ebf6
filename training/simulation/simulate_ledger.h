// `tenuto simulate grace --ledger`: every policy on the failed payments of a
// log, by the champion recovery model, put right by what happened where the log
// drew its plans by chance, and refused where the log never saw the like.
// Thread-safe.
#ifndef TENUTO_TRAINING_SIMULATION_SIMULATE_LEDGER_H_
#define TENUTO_TRAINING_SIMULATION_SIMULATE_LEDGER_H_

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "training/simulation/logged_failures.h"
#include "training/simulation/policy_file.h"
#include "training/simulation/simulation_result.h"
#include "training/verb.h"

namespace tenuto {

// The same result on any number of threads. Told of payments done and of all
// there are; each is looked at twice. Where the current policy is refused, the
// one that comes nearest to what was done stands in for it; kFailedPrecondition
// if all are refused.
absl::StatusOr<SimulationResult> SimulateLedger(
    const LogSource& source, const PolicyFile& policies,
    const Workshop& workshop,
    absl::FunctionRef<void(std::int64_t, std::int64_t)> progress);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_SIMULATION_SIMULATE_LEDGER_H_
