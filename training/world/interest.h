// How much somebody cares about the service: hidden, slow, and the cause of all
// behaviour. A first-order autoregression towards a home level that itself can
// be moved by what happens in life.
// Value types; not thread-safe.
#ifndef TENUTO_TRAINING_WORLD_INTEREST_H_
#define TENUTO_TRAINING_WORLD_INTEREST_H_

#include "tenuto/v1/event.pb.h"
#include "training/world/draws.h"
#include "training/world/person.h"

namespace tenuto::world {

// Of what moved level, a day takes back so much: half of it in 20 days.
inline constexpr double kInterestPull = 0.035;
// Of annoyance, a day leaves so much.
inline constexpr double kAnnoyanceFading = 0.96;
inline constexpr double kInterestDailySd = 0.16;  // 0.61 around home at rest.

struct Interest {
  double level = 0;      // About N(0.5, 0.8) over people and days.
  double home = 0;       // Where level drifts to.
  double annoyance = 0;  // >= 0; by our messages, fades by 4 % a day.
  int quality_days = 0;  // Days of trouble with playback left.
  // Why interest last fell, and when, for what people say when they leave.
  v1::CancelReason trouble = v1::CANCEL_REASON_UNSPECIFIED;
  int trouble_day = -1000;

  // What people act on.
  double felt() const { return level - annoyance; }
};

Interest DrawInterest(const Traits& traits, Draws& draws);

// One day:
//   level += 0.035 (home - level) + 0.16 N(0,1)
// and with small chances a competitor's offer (level and home fall, more so for
// price-sensitive people), a change of life (either way), or days of bad
// quality (0.07 off each day).
void AdvanceInterest(const Traits& traits, int day, const Luck& luck,
                     Interest& interest);

}  // namespace tenuto::world

#endif  // TENUTO_TRAINING_WORLD_INTEREST_H_
