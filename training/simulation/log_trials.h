// Failed payments of a log under every policy of a file, as a recovery model
// expects them and, where that is told, put right by what happened.
// Thread-safe: immutable; each thread brings its own bench.
#ifndef TENUTO_TRAINING_SIMULATION_LOG_TRIALS_H_
#define TENUTO_TRAINING_SIMULATION_LOG_TRIALS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "model/grace/grace_planner.h"
#include "training/simulation/failure_case.h"
#include "training/simulation/log_support.h"
#include "training/simulation/logged_failures.h"
#include "training/simulation/logged_plans.h"
#include "training/simulation/policy_file.h"
#include "training/simulation/policy_tally.h"

namespace tenuto {

// What the log has to say about each policy, before any is judged.
struct PolicyEvidence {
  struct One {
    PolicyUse use;
    double weights = 0, weight_squares = 0;  // Of payments that agree.
    double days = 0, day_weights = 0;        // Unpaid ones that were lived.
    double agreed_days() const { return days > 0 ? day_weights / days : 0; }
    // As many payments of equal weight would say as much.
    double effective() const {
      return weight_squares > 0 ? weights * weights / weight_squares : 0;
    }
  };
  std::vector<One> policies;

  void Add(const PolicyEvidence& more);
};

class LogTrials {
 public:
  struct Options {
    const LoggedFailures& log;
    const LoggedPlans& plans;
    const LogSupport& support;
    const CaseBook& book;
    const PolicyFile& policies;
    const FailuresByUser& by_user;
  };
  // A failed payment under the chosen policies.
  struct Tried {
    std::vector<TrialOutcome> outcomes;
    std::vector<RecoveryCurve> curves;
    SegmentSet segments{};
  };
  // What one thread works with.
  struct Bench {
    GracePlanner planner;
    HazardTable hazards;
    FailureCase failure;
    std::vector<TrialActions> actions;
    std::vector<TrialOutcome> outcomes;
    std::vector<RecoveryCurve> curves;
    std::vector<Tried> tried;  // Of one subscriber.
  };

  explicit LogTrials(const Options& options) : options_(options) {}

  // Of failures [from, to), by number in the log.
  absl::Status Weigh(std::int64_t from, std::int64_t to, Bench& bench,
                     PolicyEvidence& evidence) const;
  struct Chosen {
    std::vector<std::size_t> policies;
    std::vector<bool> put_right;  // By number in the file.
  };
  // Of all failures of the subscribers [from, to), under the chosen policies.
  absl::Status Run(std::int64_t from, std::int64_t to, const Chosen& chosen,
                   Bench& bench, PolicyTally& tally) const;

 private:
  // All policies but mixtures, as the model expects them.
  absl::Status ExpectAll(const GraceFailure& failure, Bench& bench) const;
  absl::Status Try(const GraceFailure& failure, const Chosen& chosen,
                   Bench& bench, Tried& tried) const;
  // Those whose parts are put right, or those whose parts are not.
  void MixThose(const Chosen& chosen, bool put_right, Bench& bench) const;
  void Mix(const ComparedPolicy& mixture, std::size_t policy, bool put_right,
           Bench& bench) const;

  const Options options_;
};

}  // namespace tenuto

#endif  // TENUTO_TRAINING_SIMULATION_LOG_TRIALS_H_
