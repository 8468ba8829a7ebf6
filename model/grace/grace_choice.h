// A share of failed payments gets a length of full access by chance, with the
// chance recorded: only so can other lengths be judged later, from what
// happened. One 64-bit number a decision; the same number, the same choice.
// Thread-safe.
#ifndef TENUTO_MODEL_GRACE_GRACE_CHOICE_H_
#define TENUTO_MODEL_GRACE_GRACE_CHOICE_H_

#include <cstdint>

#include "model/grace/grace_planner.h"

namespace tenuto {

struct LengthChoice {
  int full_days = 0;
  bool randomised = false;  // By chance, even where chance took the best.
  double propensity = 1;    // With which this length was to be chosen.
};

// With probability `share` one of the allowed lengths with equal chances, else
// `best`. One that is over counts as the shortest that is still possible, so
// that a number draws the same length on a later day. Their propensities sum to
// 1. Where access is lower already there is nothing to choose.
LengthChoice ChooseLength(const PlanLimits& limits, const UnpaidPast& past,
                          int best, double share, std::uint64_t number);

// The limits with this length as the only one: the rest is planned for it. On
// later days a randomised length is held so, too.
PlanLimits HoldLength(const PlanLimits& limits, int full_days);

struct ChosenPlan {
  GracePlan plan;
  LengthChoice choice;
};

// The best plan for a length that is chosen already; with everything, other
// lengths and limits are compared as if it were not.
ChosenPlan PlanHeld(GracePlanner& planner, const PlanQuestion& question,
                    const LengthChoice& choice, PlanDetail detail);

// The best plan, or the best one for a length drawn by chance.
ChosenPlan PlanByChance(GracePlanner& planner, const PlanQuestion& question,
                        double share, std::uint64_t number, PlanDetail detail);

}  // namespace tenuto

#endif  // TENUTO_MODEL_GRACE_GRACE_CHOICE_H_
