// A simulation's result made by hand: averages are what a test says, and gains
// over the current policy swing around theirs by a spread.
// Thread-safe.
#ifndef TENUTO_TESTS_TRAINING_SIMULATION_SMALL_SIMULATION_H_
#define TENUTO_TESTS_TRAINING_SIMULATION_SMALL_SIMULATION_H_

#include <algorithm>
#include <string>
#include <vector>

#include "training/simulation/segments.h"
#include "training/simulation/simulation_result.h"

namespace tenuto {

struct SmallPolicy {
  std::string name;
  double net = 0;     // Of a payment, in whole units.
  double spread = 0;  // Payments are this much above and below it in turn.
  double free_days = 0;
  int recovered_percent = 50;
};

// `payments` is a multiple of 100. The first policy is the current one, and one
// named so is "personal"; all payments but 100 are in the segments "soft" and
// "Sweden".
inline SimulationResult SmallSimulation(
    const std::vector<SmallPolicy>& policies, int payments = 1'000) {
  SimulationResult result;
  result.source = "the world, seed 1";
  result.currency = "EUR";
  result.failures = payments;
  for (const SmallPolicy& policy : policies) {
    if (policy.name == "personal") result.personal = result.policies.size();
    result.policies.push_back(policy.name);
  }
  result.tally =
      PolicyTally(policies.size(), Segments().size(), 0, result.personal);
  for (int k = 0; k < payments; ++k) {
    std::vector<TrialOutcome> outcomes;
    for (std::size_t p = 0; p < policies.size(); ++p) {
      const SmallPolicy& policy = policies[p];
      const double sign = k % 2 == 0 ? 1 : -1;
      TrialOutcome outcome;
      if (k % 100 < policy.recovered_percent) {
        outcome.recovered = 1;
        outcome.recovered_day = 1 + k % kUnpaidDays;
        outcome.recovered_minor = 2'000;
      }
      outcome.net_minor = 100 * (policy.net + sign * policy.spread);
      outcome.free_days = policy.free_days;
      outcome.attempts = 3;
      outcome.messages = 1;
      outcomes.push_back(outcome);
    }
    const bool is_odd_one = k < 100;
    const SegmentSet segments = SegmentsOf(
        {.decline_class =
             is_odd_one ? v1::DECLINE_CLASS_HARD : v1::DECLINE_CLASS_SOFT,
         .time_zone = is_odd_one ? "Europe/Berlin" : "Europe/Stockholm"});
    result.tally.Add({outcomes, {}, segments});
  }
  return result;
}

// The same as if reckoned on a log, by the model alone but for those named.
inline void MakeLog(SimulationResult& result, double model_error,
                    const std::vector<std::string>& doubly_robust = {}) {
  result.expected = true;
  result.model_error = model_error;
  for (const std::string& name : result.policies) {
    const bool told = std::find(doubly_robust.begin(), doubly_robust.end(),
                                name) != doubly_robust.end();
    result.estimators.push_back(
        {!told, told ? "doubly robust: by test" : "model only: by test"});
  }
}

}  // namespace tenuto

#endif  // TENUTO_TESTS_TRAINING_SIMULATION_SMALL_SIMULATION_H_
