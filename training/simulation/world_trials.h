// Failed payments of a simulated world under every policy of a file. All
// policies of a payment live on the same luck, so what they differ by is their
// own doing.
// Thread-safe: immutable after Create(); each thread brings its own bench.
#ifndef TENUTO_TRAINING_SIMULATION_WORLD_TRIALS_H_
#define TENUTO_TRAINING_SIMULATION_WORLD_TRIALS_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/grace/grace_planner.h"
#include "model/grace/recovery_model.h"
#include "training/simulation/failure_case.h"
#include "training/simulation/policy_file.h"
#include "training/simulation/policy_tally.h"
#include "training/world/failed_payment.h"

namespace tenuto {

class WorldTrials {
 public:
  struct Options {
    const world::FailureWorld& world;
    const CaseBook& book;
    const PolicyFile& policies;
    // Of the personal policy; null where there is none.
    const RecoveryModel* model = nullptr;
    std::uint64_t seed = 1;  // Of mixtures.
  };
  // What one thread works with.
  struct Bench {
    GracePlanner planner;
    HazardTable hazards;
    FailureCase failure;
    std::vector<TrialActions> actions;
    std::vector<TrialOutcome> outcomes;
  };

  explicit WorldTrials(const Options& options) : options_(options) {}

  // The failed payments with numbers [from, to).
  absl::Status Run(std::uint64_t from, std::uint64_t to, Bench& bench,
                   PolicyTally& tally) const;

 private:
  absl::Status RunOne(std::uint64_t number, Bench& bench,
                      PolicyTally& tally) const;
  absl::Status Decide(const ComparedPolicy& policy,
                      const world::FailedPayment& failure,
                      const world::SeenFailure& seen, Bench& bench,
                      TrialActions& actions) const;

  const Options options_;
};

}  // namespace tenuto

#endif  // TENUTO_TRAINING_SIMULATION_WORLD_TRIALS_H_
