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
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
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

// What the house drew for a payment, and how it ended.
struct PracticeEnd {
  bool has_messages = false;
  int full_days = 0;
  RecoveryEnd end = RecoveryEnd::kOpen;
};
struct Practice {
  // Of the three hazards, in the order of enum Hazard: what is seen, then
  // FailureColumns().
  std::array<TrainingMatrix, 3> rows;
  std::vector<PracticeEnd> ends;
};

// Of the payments with the numbers [from, to).
absl::StatusOr<Practice> PracticeOn(const world::FailureWorld& world,
                                    const CaseBook& book, std::uint64_t from,
                                    std::uint64_t to);

// What the house drew by chance is an experiment. Where it shows no effect of
// messages, or of access, on how payments end, |z| below 3, the column of it is
// emptied in `rows`: a forest would find one in the noise, and a planner would
// spend on it.
void ForgetWhatHasNoEffect(absl::Span<const PracticeEnd> ends,
                           std::array<TrainingMatrix, 3>& rows);

// The same bytes on any number of threads.
absl::StatusOr<std::shared_ptr<const RecoveryModel>> LearnByPractice(
    const world::FailureWorld& world, const CaseBook& book,
    const PracticeOptions& options);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_SIMULATION_PRACTICE_H_
