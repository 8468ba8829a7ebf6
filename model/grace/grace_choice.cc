#include "model/grace/grace_choice.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace tenuto {
namespace {

// Taken from the bits here, because a library's distribution may draw again.
double UnitOf(std::uint64_t number) {
  return static_cast<double>(number >> 11) * 0x1p-53;
}

// What other lengths and limits are worth stays true whichever is held.
void CopyComparison(const GracePlan& from, GracePlan& to) {
  to.alternatives = from.alternatives;
  to.alternatives_count = from.alternatives_count;
  to.gains = from.gains;
}

}  // namespace

LengthChoice ChooseLength(const PlanLimits& limits, const UnpaidPast& past,
                          int best, double share, std::uint64_t number) {
  if (past.access != Access::kFull) return {best, false, 1};
  std::array<int, kUnpaidDays + 1> lengths{};
  std::size_t count = 0;
  std::size_t over = 0;  // The first of them.
  bool has_best = false;
  for (int days = 0; days <= limits.full_days_max(); ++days) {
    if (!limits.full_lengths[static_cast<std::size_t>(days)]) continue;
    lengths[count++] = days;
    over += days < past.day ? 1 : 0;
    has_best = has_best || (days == best && days >= past.day);
  }
  // The longest length is over already.
  if (!has_best) return {best, false, 1};
  const double each = share / static_cast<double>(count);
  const auto chance_of = [&](int days) {
    return days == lengths[over] ? each * static_cast<double>(over + 1) : each;
  };
  const double unit = UnitOf(number);
  if (unit >= share) return {best, false, 1 - share + chance_of(best)};
  const auto index = std::min(static_cast<std::size_t>(unit / each), count - 1);
  const int drawn = lengths[std::max(index, over)];
  return {drawn, true, chance_of(drawn) + (drawn == best ? 1 - share : 0)};
}

PlanLimits HoldLength(const PlanLimits& limits, int full_days) {
  PlanLimits held = limits;
  held.full_lengths.reset();
  held.full_lengths.set(static_cast<std::size_t>(full_days));
  return held;
}

ChosenPlan PlanHeld(GracePlanner& planner, const PlanQuestion& question,
                    const LengthChoice& choice, PlanDetail detail) {
  ChosenPlan chosen{planner.Plan(question.hazards, question.stakes,
                                 HoldLength(question.limits, choice.full_days),
                                 question.past),
                    choice};
  if (detail == PlanDetail::kActions) return chosen;
  const GracePlan best =
      planner.Plan(question.hazards, question.stakes, question.limits,
                   question.past, PlanDetail::kEverything);
  CopyComparison(best, chosen.plan);
  return chosen;
}

ChosenPlan PlanByChance(GracePlanner& planner, const PlanQuestion& question,
                        double share, std::uint64_t number, PlanDetail detail) {
  ChosenPlan chosen;
  chosen.plan = planner.Plan(question.hazards, question.stakes, question.limits,
                             question.past, detail);
  const int best = chosen.plan.full_days;
  chosen.choice =
      ChooseLength(question.limits, question.past, best, share, number);
  if (chosen.choice.full_days == best) return chosen;
  GracePlan drawn = planner.Plan(
      question.hazards, question.stakes,
      HoldLength(question.limits, chosen.choice.full_days), question.past);
  CopyComparison(chosen.plan, drawn);
  chosen.plan = drawn;
  return chosen;
}

}  // namespace tenuto
