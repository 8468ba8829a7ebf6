// How the house collects a failed payment: lengths of access, retries and
// messages drawn by chance, with the probability of the whole choice, so that
// other policies can be judged later on what was logged. Whatever was drawn, an
// invoice stays open for kUnpaidDays, with no access after grace: late
// recoveries are seen, and every day of every choice is in the log.
// Value types; not thread-safe.
#ifndef TENUTO_TRAINING_WORLD_HOUSE_DUNNING_H_
#define TENUTO_TRAINING_WORLD_HOUSE_DUNNING_H_

#include <cstdint>
#include <initializer_list>

#include "model/grace/unpaid_day.h"
#include "tenuto/v1/event.pb.h"
#include "training/world/draws.h"

namespace tenuto::world {

// Bit d: something happens d days after the first attempt.
constexpr std::uint64_t DaySet(std::initializer_list<int> days) {
  std::uint64_t set = 0;
  for (const int day : days) set |= std::uint64_t{1} << day;
  return set;
}
inline bool HasDay(std::uint64_t days, int day) {
  return day >= 0 && day < 64 && ((days >> day) & 1) != 0;
}

struct DunningPlan {
  int full_days = 21;
  int reduced_days = 0;  // After those.
  std::uint64_t attempt_days = DaySet({1, 3, 6, 10});
  std::uint64_t message_days = 0;
  int end_day = 21;  // If still unpaid, the subscription ends.
  double propensity = 1;

  Access AccessOn(int elapsed) const;
  // A message works on its day and those after it.
  bool IsMessaged(int elapsed) const;
};

struct DunningRules {
  bool randomised = true;
  DunningPlan fixed;  // Where it is not randomised.
};

// `store` collects by itself, and knows only some lengths of grace. A card that
// the network has stopped is not tried again.
DunningPlan PlanFor(const DunningRules& rules, v1::Store store, bool is_stopped,
                    Draws draws);

}  // namespace tenuto::world

#endif  // TENUTO_TRAINING_WORLD_HOUSE_DUNNING_H_
