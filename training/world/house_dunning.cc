#include "training/world/house_dunning.h"

#include <array>
#include <cstddef>

#include "absl/types/span.h"

namespace tenuto::world {
namespace {

constexpr double kReducedShare = 0.3;
constexpr int kReducedDays = 7;
constexpr double kMessageShare = 0.5;

constexpr std::array<int, 6> kFullDays = {0, 3, 7, 14, 16, 28};
// Lengths that Apple offers; see payment_rules.textproto.
constexpr std::array<int, 4> kAppleDays = {0, 3, 16, 28};
constexpr std::array<std::uint64_t, 4> kSchedules = {
    DaySet({8, 16, 24}),
    DaySet({3, 9, 15, 21}),
    DaySet({2, 5, 9, 13, 18, 23, 28}),
    DaySet({1, 2, 4, 6, 8, 10, 12, 14}),
};
constexpr std::uint64_t kMessageDaysOfHouse = DaySet({1, 7, 15});

int PickOf(absl::Span<const int> lengths, Draws& draws, double& propensity) {
  propensity /= static_cast<double>(lengths.size());
  return lengths[static_cast<std::size_t>(
      draws.Below(static_cast<int>(lengths.size())))];
}

bool PickWith(double share, Draws& draws, double& propensity) {
  const bool yes = draws.Chance(share);
  propensity *= yes ? share : 1 - share;
  return yes;
}

}  // namespace

Access DunningPlan::AccessOn(int elapsed) const {
  if (elapsed <= full_days) return Access::kFull;
  return elapsed <= full_days + reduced_days ? Access::kReduced : Access::kNone;
}

bool DunningPlan::IsMessaged(int elapsed) const {
  for (int back = 0; back < kMessageDays; ++back) {
    if (HasDay(message_days, elapsed - back)) return true;
  }
  return false;
}

DunningPlan PlanFor(const DunningRules& rules, v1::Store store, bool is_stopped,
                    Draws draws) {
  DunningPlan plan = rules.fixed;
  if (is_stopped) plan.attempt_days = 0;
  if (!rules.randomised) return plan;
  plan.end_day = kUnpaidDays;
  plan.attempt_days = 0;
  plan.full_days = store == v1::STORE_APP_STORE
                       ? PickOf(kAppleDays, draws, plan.propensity)
                       : PickOf(kFullDays, draws, plan.propensity);
  if (store == v1::STORE_UNSPECIFIED) {
    // Stores know no access between all and none, and retry by themselves.
    plan.reduced_days =
        PickWith(kReducedShare, draws, plan.propensity) ? kReducedDays : 0;
  }
  if (store == v1::STORE_UNSPECIFIED && !is_stopped) {
    const auto schedule = static_cast<std::size_t>(
        draws.Below(static_cast<int>(kSchedules.size())));
    plan.attempt_days = kSchedules[schedule];
    plan.propensity /= static_cast<double>(kSchedules.size());
  }
  plan.message_days =
      PickWith(kMessageShare, draws, plan.propensity) ? kMessageDaysOfHouse : 0;
  return plan;
}

}  // namespace tenuto::world
