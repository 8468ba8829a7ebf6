#include "training/simulation/logged_plans.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>

namespace tenuto {
namespace {

// Chances are written as doubles; more than this is another draw.
constexpr double kSameChance = 1e-6;
// Of the chances of all plans that were seen.
constexpr double kWholeLow = 0.98, kWholeHigh = 1.02;

}  // namespace

PlanBits PlanBits::Of(const TrialActions& trial) {
  PlanBits bits;
  for (int day = 1; day <= kUnpaidDays; ++day) {
    const DayAction& action = trial.actions[static_cast<std::size_t>(day)];
    const std::uint64_t bit = std::uint64_t{1} << day;
    if (action.access == Access::kFull) bits.full |= bit;
    if (action.access == Access::kReduced) bits.reduced |= bit;
    if (action.attempts) bits.attempts |= bit;
    if (action.messages) bits.messages |= bit;
  }
  return bits;
}

PlanBits PlanBits::Of(const PaymentMoment& plan) {
  PlanBits bits;
  bits.attempts = plan.attempt_days;
  bits.messages = plan.message_days;
  for (int day = 1; day <= kUnpaidDays; ++day) {
    const std::uint64_t bit = std::uint64_t{1} << day;
    const Access access = plan.AccessOn(day);
    if (access == Access::kFull) bits.full |= bit;
    if (access == Access::kReduced) bits.reduced |= bit;
  }
  return bits;
}

int PlanBits::AgreesThrough(const PlanBits& other) const {
  const std::uint64_t differ = (full ^ other.full) | (reduced ^ other.reduced) |
                               (attempts ^ other.attempts) |
                               (messages ^ other.messages);
  return differ == 0 ? kUnpaidDays : std::countr_zero(differ) - 1;
}

int DaysAsPlanned(const UnpaidSpell& spell) {
  const PlanBits planned = PlanBits::Of(*spell.first_plan);
  // Else a message that was not planned was about something else.
  const bool is_replanned =
      spell.has_plan &&
      spell.plan.elapsed_days > spell.first_plan->elapsed_days;
  for (std::size_t at = 0; at < spell.days.size(); ++at) {
    const UnpaidDay& lived = spell.days[at];
    const int day = static_cast<int>(at) + 1;
    const bool is_last = at + 1 == spell.days.size();
    const bool attempts = (planned.attempts >> day & 1) != 0;
    const bool messages = (planned.messages >> day & 1) != 0;
    const bool as_planned =
        lived.access == spell.first_plan->AccessOn(day) &&
        (lived.attempted ? attempts : !attempts || is_last) &&
        (lived.messages ? messages || !is_replanned : !messages || is_last);
    if (!as_planned) return day - 1;
  }
  return kUnpaidDays;
}

LoggedPlans::Kind LoggedPlans::KindOf(const GraceFailure& failure) {
  return {failure.decisions[0].payment.store,
          failure.spell.first_plan->attempt_days != 0};
}

LoggedPlans LoggedPlans::Read(absl::Span<const GraceFailure> failures) {
  LoggedPlans plans;
  std::set<Kind> broken;  // One plan with two chances.
  for (const GraceFailure& failure : failures) {
    const auto& plan = failure.spell.first_plan;
    if (!plan || plan->propensity <= 0) continue;
    plans.randomised_ += plan->propensity < 1;
    plans.strayed_ += DaysAsPlanned(failure.spell) < kUnpaidDays;
    const Kind kind = KindOf(failure);
    const auto [at, is_new] = plans.menus_[kind].chances.try_emplace(
        PlanBits::Of(*plan), plan->propensity);
    if (!is_new && std::abs(at->second - plan->propensity) > kSameChance) {
      broken.insert(kind);
    }
  }
  for (auto& [kind, menu] : plans.menus_) {
    double sum = 0;
    for (const auto& [bits, chance] : menu.chances) sum += chance;
    menu.is_whole =
        !broken.contains(kind) && sum >= kWholeLow && sum <= kWholeHigh;
  }
  return plans;
}

AgreementWeights LoggedPlans::WeightsOf(const GraceFailure& failure,
                                        const TrialActions& trial) const {
  AgreementWeights weights{};
  const auto& plan = failure.spell.first_plan;
  if (!plan || plan->propensity <= 0) return weights;
  const PlanBits wanted = PlanBits::Of(trial);
  const int through = wanted.AgreesThrough(PlanBits::Of(*plan));
  const int lived = std::min(through, DaysAsPlanned(failure.spell));
  if (lived == 0) return weights;
  const Menu& menu = menus_.at(KindOf(failure));
  if (!menu.is_whole) {
    if (plan->propensity < 1 && through < kUnpaidDays) return weights;
    for (int day = 1; day <= lived; ++day) {
      weights[static_cast<std::size_t>(day)] = 1 / plan->propensity;
    }
    return weights;
  }
  // Chances by the last day of agreeing, then of agreeing at least so long.
  std::array<double, kUnpaidDays + 1> chances{};
  for (const auto& [bits, chance] : menu.chances) {
    chances[static_cast<std::size_t>(wanted.AgreesThrough(bits))] += chance;
  }
  double agree = 0;
  for (int day = kUnpaidDays; day >= 1; --day) {
    agree += chances[static_cast<std::size_t>(day)];
    if (day <= lived) weights[static_cast<std::size_t>(day)] = 1 / agree;
  }
  return weights;
}

}  // namespace tenuto
