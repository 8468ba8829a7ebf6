// The plan for one failed payment: how long full and reduced access go on, when
// to try again, whether to say anything. Of all plans that the limits allow the
// one with the greatest expected net value under the given chances, found
// exactly; asked again on a later day it goes on from what was done.
// Not thread-safe: keeps its scratch memory, one a thread.
#ifndef TENUTO_MODEL_GRACE_GRACE_PLANNER_H_
#define TENUTO_MODEL_GRACE_GRACE_PLANNER_H_

#include <array>

#include "absl/types/span.h"
#include "model/grace/grace_stakes.h"
#include "model/grace/hazard_table.h"
#include "model/grace/plan_limits.h"
#include "model/grace/recovery_curve.h"
#include "model/grace/worth_table.h"

namespace tenuto {

// What full access through exactly this day would be worth, all else planned
// anew for it.
struct LengthValue {
  int full_days = 0;
  double net_value_minor = 0;
};

// What the plan would gain if a limit did not exist; 0: it does not bind.
struct LimitGains {
  double attempt_days = 0;  // Networks' rules, or a card that cannot pay.
  double attempts_max = 0;
  double full_lengths = 0;  // A store's choices, or our longest.
  double messages = 0;      // Not permitted, or no more of them.
};

struct GracePlan {
  DayActions actions;
  int full_days = 0;           // Full access through this day,
  int reduced_days = 0;        // reduced for so many after it, then none.
  int last_day = kUnpaidDays;  // Of collecting; a store's may follow full_days.
  DaySet attempt_days;         // To come.
  DaySet message_days;
  PlanWorth worth;
  RecoveryCurve curve;
  // Of {0, 3, 7, 14, 16, 28, 30} and the length chosen those that are allowed;
  // all that are, if no more than ten. Shortest first.
  static constexpr int kAlternativesMax = 12;
  std::array<LengthValue, kAlternativesMax> alternatives{};
  int alternatives_count = 0;
  LimitGains gains;
  // Tried again by the judge, so many days were taken out of the plan.
  int days_refused = 0;

  absl::Span<const LengthValue> lengths() const {
    return absl::MakeConstSpan(alternatives.data(),
                               static_cast<std::size_t>(alternatives_count));
  }
};

enum class PlanDetail {
  kActions,    // As a simulation asks, a million times.
  kEverything  // With alternatives and gains, as a person asks.
};

class GracePlanner {
 public:
  // The day after `past.day` must not be later than limits.last_day; a plan of
  // nothing otherwise.
  GracePlan Plan(const HazardTable& hazards, const GraceStakes& stakes,
                 const PlanLimits& limits, const UnpaidPast& past,
                 PlanDetail detail = PlanDetail::kActions);

 private:
  // Where the last day follows from the length: each planned for itself.
  GracePlan PlanByLength(const PlanQuestion& question, PlanDetail detail);
  struct Solved {
    DayActions actions;
    double value = 0;  // The table's.
    WorthTable::Counted counted;
  };
  // Counts `counted` from the beginning: what will be needed, if that is known.
  Solved Solve(const PlanQuestion& question, WorthTable::Counted counted = {});
  // The same, of attempts that the card's rules allow together.
  Solved SolveLawfully(const PlanQuestion& question, PlanLimits& limits,
                       int& days_refused);
  // The value of the question solved last if it had other lengths; `counted`
  // is what its table counts, and more is if need be.
  double ValueWithLengths(const PlanQuestion& question, const DaySet& lengths,
                          WorthTable::Counted& counted);
  void AddAlternatives(const PlanQuestion& question,
                       WorthTable::Counted& counted, GracePlan& plan);
  LimitGains GainsOf(const PlanQuestion& question, const GracePlan& plan,
                     const Solved& solved, WorthTable::Counted counted);

  WorthTable table_;
};

// The plan that fixed actions make: for policies that people write.
GracePlan PlanOf(const DayActions& actions, const HazardTable& hazards,
                 const GraceStakes& stakes, const PlanLimits& limits,
                 const UnpaidPast& past);

}  // namespace tenuto

#endif  // TENUTO_MODEL_GRACE_GRACE_PLANNER_H_
