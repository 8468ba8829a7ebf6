// What a report tells of a policy: figures of one failed payment in whole units
// of the currency, and which policies are the best and how sure that is.
// Value types; not thread-safe.
#ifndef TENUTO_TRAINING_SIMULATION_REPORT_FIGURES_H_
#define TENUTO_TRAINING_SIMULATION_REPORT_FIGURES_H_

#include <cstddef>
#include <optional>
#include <vector>

#include "training/simulation/simulation_result.h"

namespace tenuto {

// Of one failed payment on average; intervals are 95 % ones.
struct PolicyFigures {
  double payments = 0;
  Estimate recovered_percent;
  Estimate net;
  Estimate difference;       // Net value less the current policy's, paired.
  Estimate personal_gain;    // Personal's net value less this one's, paired.
  Estimate recovered_value;  // What was recovered is worth, before costs.
  Estimate free_days;
  Estimate attempts;
  Estimate messages;
  double regret = 0;  // To the oracle; 0 where there is none.
};
// All zero where the segment has no payments.
PolicyFigures FiguresOf(const SimulationResult& result, std::size_t policy,
                        std::size_t segment = 0);

struct PolicyRanking {
  std::vector<std::size_t> best_first;  // All of them, by net value.
  // Nobody can choose the oracle; nor, if a log can judge others, one that only
  // the model speaks for.
  std::optional<std::size_t> best;
  std::optional<std::size_t> best_fixed;  // Nor personal.
  std::vector<std::size_t> like_best;     // Not told apart from it.
  std::vector<std::size_t> like_best_fixed;
  // Nobody recovers as much value on as few free days; the oracle aside.
  std::vector<bool> efficient;
};
PolicyRanking RankPolicies(const SimulationResult& result);

// Whether the intervals of two policies, each beside the current one, leave no
// doubt which of them is worth more. Errs to the side of doubt, since the two
// were not paired with each other; with personal all are.
bool AreToldApart(const SimulationResult& result, std::size_t one,
                  std::size_t other);

// Decimals of money that the narrowest interval still deserves.
int MoneyDigits(const SimulationResult& result);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_SIMULATION_REPORT_FIGURES_H_
