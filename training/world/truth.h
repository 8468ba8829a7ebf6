// What nobody but the world knows: the true probabilities of a paying user, and
// what a message would truly change. Estimated by living many imagined futures
// of the hidden state with the world's own rules (AdvancePaying); along each
// future, leaving is not drawn but computed exactly (AdvanceShares), which
// leaves little noise. The same futures serve every arm of an effect.
// Value types; not thread-safe.
#ifndef TENUTO_TRAINING_WORLD_TRUTH_H_
#define TENUTO_TRAINING_WORLD_TRUTH_H_

#include <cstdint>
#include <string>

#include "training/world/calendar.h"
#include "training/world/life.h"

namespace tenuto::world {

struct TruthOptions {
  int futures = 24;        // For the probabilities.
  int effect_futures = 8;  // For each arm of an effect.
  int horizon_days = 30;
  int short_horizon_days = 14;
};

struct Truth {
  double churn_14d = 0;  // Leaves by choice within the short horizon.
  double churn_30d = 0;
  double involuntary_30d = 0;  // Is lost to a failed payment first.
  // Probability of leaving by choice within 30 days if this message is sent
  // today, less the one if none is sent today; negative: it keeps people.
  double education_effect_30d = 0;
  double retention_effect_30d = 0;
};

// At the beginning of `day`, before anything of it has happened. The person
// must be on PLAN_PREMIUM.
Truth ComputeTruth(const Person& person, int day, std::uint64_t seed,
                   const Calendar& calendar, const House& house,
                   const TruthOptions& options);

// Columns of the truth file, a line with its end.
std::string TruthHeader();
std::string TruthLine(const Person& person, int day, const Calendar& calendar,
                      const Truth& truth);

}  // namespace tenuto::world

#endif  // TENUTO_TRAINING_WORLD_TRUTH_H_
