// What a policy simulation found, and how it is told: a table for people, JSON
// for scripts.
// Value types; not thread-safe.
#ifndef TENUTO_TRAINING_SIMULATION_SIMULATION_RESULT_H_
#define TENUTO_TRAINING_SIMULATION_SIMULATION_RESULT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "training/simulation/fidelity.h"
#include "training/simulation/policy_tally.h"

namespace tenuto {

struct RefusedPolicy {
  std::string policy;
  std::string reason;
};

// How a policy was reckoned on a log.
struct PolicyEstimator {
  bool model_only = true;  // Nothing that happened speaks for or against it.
  std::string text;
};

struct SimulationResult {
  std::string source;    // "world, seed 1" or "ledger DIR": for people.
  std::string currency;  // Of every value, in its minor unit.
  std::int64_t failures = 0;
  int days = kUnpaidDays;
  int threads = 1;
  double seconds = 0;           // All in all.
  double learning_seconds = 0;  // Of them: the recovery model.
  std::vector<std::string> policies;
  std::size_t current = 0;  // What the others are compared with.
  // The current policy's name where it was refused: then that is another one.
  std::string refused_current;
  std::optional<std::size_t> oracle;
  std::optional<std::size_t> personal;
  bool expected = false;  // By a model, of a log's payments; else lived.
  // How far a simulation was from what really happened; "" where not measured.
  std::string fidelity;
  std::vector<FidelityClaim> fidelity_claims;  // The same, claim by claim.
  // Share of later payments by which the model missed what was recovered of
  // them; none where that was not measured.
  std::optional<double> model_error;
  // Failed payments of a log that were not treated as first planned.
  std::int64_t strayed = 0;
  std::vector<PolicyEstimator> estimators;  // By policy; empty for a world.
  PolicyTally tally{0, 1, 0};
  std::vector<RefusedPolicy> refused;
};

// Whether nothing but a model speaks for it: then a simulation chooses nothing.
bool IsModelOnly(const SimulationResult& result, std::size_t policy);

// Totals, each with its 95 % interval where it has one. Of policies that only
// the model speaks for these are wider by its error, on both sides: an error is
// no chance, which more payments would even out. A difference is wider by the
// errors of both policies, which may be opposite.
struct PolicyTotals {
  Estimate recovered;
  Estimate recovered_minor;  // What they are worth.
  Estimate net_minor;
  Estimate difference_minor;     // To the current policy, paired.
  Estimate personal_gain_minor;  // Of personal over this one, paired.
  double free_days = 0;
  double attempts = 0;
  double messages = 0;
  std::optional<double> regret_minor;  // To the oracle, if there is one.
};
PolicyTotals TotalsOf(const SimulationResult& result, std::size_t policy,
                      std::size_t segment = 0);

// What came in by a day; intervals as above.
struct RecoveredBy {
  Estimate payments, minor;
};
RecoveredBy RecoveredByDay(const SimulationResult& result, std::size_t policy,
                           int day);

// "current", or "reference" where another stands in for the current policy.
const char* ReferenceWord(const SimulationResult& result);

// The file of --summary, as the README describes it.
std::string SimulationJson(const SimulationResult& result);
// An aligned table, best first, and what personal is worth beyond it.
std::string FormatSimulation(const SimulationResult& result);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_SIMULATION_SIMULATION_RESULT_H_
