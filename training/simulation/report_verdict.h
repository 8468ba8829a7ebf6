// What a simulation says, in words that a payments manager can act on: which
// policy to choose, how sure that is, and what the figures do not say.
// Value type; not thread-safe.
#ifndef TENUTO_TRAINING_SIMULATION_REPORT_VERDICT_H_
#define TENUTO_TRAINING_SIMULATION_REPORT_VERDICT_H_

#include <string>

#include "training/simulation/report_figures.h"
#include "training/simulation/simulation_result.h"

namespace tenuto {

// Plain text, not HTML.
struct ReportVerdict {
  std::string headline;  // The choice, in one sentence.
  std::string proof;     // The figures behind it.
  std::string costs;     // Free days, attempts, messages.
  std::string fixed;     // The best that treats everybody alike; "" if it won.
  std::string personal;  // Beside that one, paired; "" where there is none.
  std::string in_force;  // What to run and to call for it.
  std::string ceiling;   // What the oracle reaches; "" where there is none.
  std::string alone;     // Better yet by the model alone; "" if none is.
  std::string stand_in;  // For a current policy that was refused; "" else.
  std::string doubt;     // What cannot be told apart; "" where all is clear.
  std::string meaning;   // Of a world, or of a log's expected values.
  std::string fidelity;  // How far a simulation was from what happened.
};
ReportVerdict VerdictOf(const SimulationResult& result,
                        const PolicyRanking& ranking);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_SIMULATION_REPORT_VERDICT_H_
