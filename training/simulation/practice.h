// A recovery model for policies of a simulated world, learned as a company
// would learn it: from failed payments of another seed that a randomised house
// policy collected, by what can be seen of them. Payments that policies are
// compared on are never learned from.
// Thread-safe.
#ifndef TENUTO_TRAINING_SIMULATION_PRACTICE_H_
#define TENUTO_TRAINING_SIMULATION_PRACTICE_H_

#include <array>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "model/grace/recovery_model.h"
#include "training/simulation/failure_case.h"
#include "training/training_matrix.h"
#include "training/world/failed_payment.h"

namespace tenuto {

struct PracticeOptions {
  std::int64_t failures = 20'000;  // Learned from; a quarter more calibrate.
  std::uint64_t seed = 1;
  int threads = 1;
};

// Rows of the three hazards, in the order of enum Hazard, from payments with
// the numbers [from, to): what is seen, then FailureColumns().
absl::StatusOr<std::array<TrainingMatrix, 3>> PracticeRows(
    const world::FailureWorld& world, const CaseBook& book, std::uint64_t from,
    std::uint64_t to);

// The same bytes on any number of threads.
absl::StatusOr<std::shared_ptr<const RecoveryModel>> LearnByPractice(
    const world::FailureWorld& world, const CaseBook& book,
    const PracticeOptions& options);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_SIMULATION_PRACTICE_H_
