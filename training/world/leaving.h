// From falling interest to leaving by choice: contented -> considering -> gone.
// All chances are known functions of the hidden state, so that the truth can be
// computed and not only drawn.
// Value types; not thread-safe.
#ifndef TENUTO_TRAINING_WORLD_LEAVING_H_
#define TENUTO_TRAINING_WORLD_LEAVING_H_

#include "tenuto/v1/event.pb.h"
#include "training/world/draws.h"
#include "training/world/interest.h"
#include "training/world/person.h"

namespace tenuto::world {

// How much price and the novelty of the subscription push towards leaving:
// exp(0.8 (price sensitivity - 0.5)) / (1 + tenure / 120 days)^(1/4).
double PushToLeave(const Traits& traits, int tenure_days);

// Chances of one day, for somebody on a paid plan or in a trial.
struct LeavingChances {
  double leave_contented = 0;    // On a whim.
  double leave_considering = 0;  // After having thought about it.
  double begin_considering = 0;  // If contented and not leaving.
  double calm_down = 0;          // If considering and not leaving.
};
LeavingChances ChancesOfLeaving(const Traits& traits, const Interest& interest,
                                int tenure_days, bool payment_failing);

enum class Intention { kContented, kConsidering, kLeaves };

// Draws tomorrow's intention from today's.
Intention AdvanceIntention(const LeavingChances& chances, int day,
                           const Luck& luck, Intention intention);

// How many of many people in this state are in which intention: the same step
// as AdvanceIntention, without luck.
struct IntentionShares {
  double contented = 0;
  double considering = 0;
  double left = 0;
};
void AdvanceShares(const LeavingChances& chances, IntentionShares& shares);

// Whether a leaver keeps the free plan (downgrade) or closes the account.
double DowngradeShare(const Traits& traits, const Interest& interest);
v1::CancelReason ReasonToLeave(const Traits& traits, const Interest& interest,
                               int day);

}  // namespace tenuto::world

#endif  // TENUTO_TRAINING_WORLD_LEAVING_H_
