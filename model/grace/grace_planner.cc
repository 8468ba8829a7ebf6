#include "model/grace/grace_planner.h"

#include <algorithm>
#include <limits>

namespace tenuto {
namespace {

// Lengths that people ask about.
constexpr std::array<int, 7> kLengthsAsked = {0, 3, 7, 14, 16, 28, 30};
constexpr std::size_t kAllowedListed = 10;
// After so many the refused days are struck out instead.
constexpr int kReplansMax = 4;
// Less is rounding.
constexpr double kGainMin = 0.01;

// Which ceilings a plan breaks.
WorthTable::Counted Broken(const DayActions& actions, const PlanLimits& limits,
                           const UnpaidPast& past) {
  int attempts = 0;
  int messages = 0;
  for (int day = past.day + 1; day <= limits.last_day; ++day) {
    const DayAction& action = actions[static_cast<std::size_t>(day)];
    attempts += action.attempts ? 1 : 0;
    messages += action.messages ? 1 : 0;
  }
  return {attempts > limits.attempts_max, messages > limits.messages_max};
}

// Whether any of them is not counted yet; counts it.
bool CountMore(WorthTable::Counted broken, WorthTable::Counted& counted) {
  const WorthTable::Counted before = counted;
  counted.attempts |= broken.attempts;
  counted.messages |= broken.messages;
  return counted.attempts != before.attempts ||
         counted.messages != before.messages;
}

// Days whose attempt the card's rules refuse once those before it failed.
DaySet RefusedDays(const DayActions& actions, const CardStanding& card,
                   int first_day) {
  DaySet refused;
  if (card.rules == nullptr) return refused;
  CardHistory history = *card.history;
  for (int day = first_day; day <= kUnpaidDays; ++day) {
    if (!actions[static_cast<std::size_t>(day)].attempts) continue;
    const ProposedAttempt attempt = card.AttemptOn(day);
    if (!card.rules->Judge(history, attempt).allowed) {
      refused.set(static_cast<std::size_t>(day));
      continue;
    }
    history.Add({attempt.time, attempt.initiator, v1::PAYMENT_OUTCOME_DECLINED,
                 kNoCode, kNoCode, attempt.amount_minor});
  }
  return refused;
}

DaySet LengthsToCompare(const PlanLimits& limits, const UnpaidPast& past,
                        int chosen) {
  const int longest = limits.full_days_max();
  DaySet allowed = limits.full_lengths;
  for (int days = 0; days <= kUnpaidDays; ++days) {
    if (days < past.day || days > longest) {
      allowed.reset(static_cast<std::size_t>(days));
    }
  }
  if (allowed.count() <= kAllowedListed) return allowed;
  DaySet compared;
  for (const int days : kLengthsAsked) {
    compared.set(static_cast<std::size_t>(days));
  }
  compared.set(static_cast<std::size_t>(chosen));
  return compared & allowed;
}

// With all from what was had already through `longest`.
DaySet WithLengths(DaySet lengths, const UnpaidPast& past, int longest) {
  for (int days = past.day; days <= longest; ++days) {
    lengths.set(static_cast<std::size_t>(days));
  }
  return lengths;
}

}  // namespace

GracePlan PlanOf(const DayActions& actions, const HazardTable& hazards,
                 const GraceStakes& stakes, const PlanLimits& limits,
                 const UnpaidPast& past) {
  GracePlan plan;
  plan.actions = actions;
  plan.full_days = past.access == Access::kFull ? past.day : past.full_days;
  plan.reduced_days = past.reduced_days;
  for (int day = past.day + 1; day <= kUnpaidDays; ++day) {
    const auto at = static_cast<std::size_t>(day);
    if (actions[at].access == Access::kFull) plan.full_days = day;
    if (actions[at].access == Access::kReduced) ++plan.reduced_days;
    plan.attempt_days[at] = actions[at].attempts;
    plan.message_days[at] = actions[at].messages;
  }
  plan.curve = Follow(hazards, actions, past);
  plan.last_day = limits.last_day;
  plan.worth = WorthOf(stakes, actions, plan.curve, past, limits.last_day);
  return plan;
}

// What is best without a ceiling and keeps it is best with it, too; so only
// those that would be broken are counted.
GracePlanner::Solved GracePlanner::Solve(const PlanQuestion& question,
                                         WorthTable::Counted counted) {
  while (true) {
    table_.Fill(question, counted);
    const Solved solved{table_.BestActions(), table_.value(), counted};
    if (!CountMore(Broken(solved.actions, question.limits, question.past),
                   counted)) {
      return solved;
    }
  }
}

GracePlanner::Solved GracePlanner::SolveLawfully(const PlanQuestion& question,
                                                 PlanLimits& limits,
                                                 int& days_refused) {
  const int first = question.past.day + 1;
  Solved solved = Solve(question);
  DaySet refused = RefusedDays(solved.actions, limits.card, first);
  for (int i = 0; i < kReplansMax && refused.any(); ++i) {
    limits.attempt_days &= ~refused;
    days_refused += static_cast<int>(refused.count());
    solved = Solve(question);
    refused = RefusedDays(solved.actions, limits.card, first);
  }
  // Fewer attempts never make a later one unlawful, so striking out is safe.
  for (int day = first; day <= kUnpaidDays; ++day) {
    const auto at = static_cast<std::size_t>(day);
    if (refused[at]) solved.actions[at].attempts = false;
  }
  days_refused += static_cast<int>(refused.count());
  limits.attempt_days &= ~refused;
  if (refused.any()) table_.Fill(question, solved.counted);
  return solved;
}

double GracePlanner::ValueWithLengths(const PlanQuestion& question,
                                      const DaySet& lengths,
                                      WorthTable::Counted& counted) {
  PlanLimits limits = question.limits;
  limits.full_lengths = lengths;
  const PlanQuestion other{question.hazards, question.stakes, limits,
                           question.past};
  while (true) {
    table_.FillLengths(other);
    if (counted.attempts && counted.messages) return table_.value();
    if (!CountMore(Broken(table_.BestActions(), limits, question.past),
                   counted)) {
      return table_.value();
    }
    table_.Fill(question, counted);
  }
}

void GracePlanner::AddAlternatives(const PlanQuestion& question,
                                   WorthTable::Counted& counted,
                                   GracePlan& plan) {
  const DaySet lengths =
      LengthsToCompare(question.limits, question.past, plan.full_days);
  int count = 0;
  for (int days = 0; days <= kUnpaidDays; ++days) {
    const auto at = static_cast<std::size_t>(days);
    if (!lengths[at]) continue;
    const double value =
        days == plan.full_days
            ? plan.worth.net_minor()
            : ValueWithLengths(question, DaySet().set(at), counted);
    plan.alternatives[static_cast<std::size_t>(count++)] = {days, value};
  }
  plan.alternatives_count = count;
}

LimitGains GracePlanner::GainsOf(const PlanQuestion& question,
                                 const GracePlan& plan, const Solved& solved,
                                 WorthTable::Counted counted) {
  const PlanLimits& limits = question.limits;
  const auto gain = [&](double freed) {
    return freed > solved.value + kGainMin ? freed - solved.value : 0;
  };
  // A ceiling that was in the way most often is again, unless it is taken away.
  const auto gain_under = [&](const PlanLimits& freer,
                              WorthTable::Counted counts) {
    return gain(
        Solve({question.hazards, question.stakes, freer, question.past}, counts)
            .value);
  };
  LimitGains gains;
  const DaySet& lengths = limits.full_lengths;
  const int longest = limits.full_days_max();
  if (question.past.access == Access::kFull &&
      (WithLengths(lengths, question.past, longest) != lengths ||
       plan.full_days == longest)) {
    const DaySet every = WithLengths(lengths, question.past,
                                     std::min(limits.last_day, kUnpaidDays));
    gains.full_lengths = gain(ValueWithLengths(question, every, counted));
  }
  PlanLimits freer = limits;
  freer.attempt_days.set();
  if (limits.attempts_max > 0 && !limits.attempt_rule.empty()) {
    gains.attempt_days = gain_under(freer, solved.counted);
  }
  freer = limits;
  freer.attempts_max = kUnpaidDays;
  if (solved.counted.attempts) {
    gains.attempts_max = gain_under(freer, {false, solved.counted.messages});
  }
  freer = limits;
  freer.message_days.set();
  freer.messages_max = kUnpaidDays;
  if (solved.counted.messages || limits.messages_max == 0 ||
      !limits.message_days.all()) {
    gains.messages = gain_under(freer, {solved.counted.attempts, false});
  }
  return gains;
}

GracePlan GracePlanner::PlanByLength(const PlanQuestion& question,
                                     PlanDetail detail) {
  const PlanLimits& limits = question.limits;
  const UnpaidPast& past = question.past;
  const auto plan_to = [&](int length, PlanDetail so_much) {
    PlanLimits held = limits;
    held.last_day = limits.LastDayOf(length);
    held.hold_days = kUnpaidDays;
    held.full_lengths.reset();
    held.full_lengths.set(static_cast<std::size_t>(length));
    return Plan(question.hazards, question.stakes, held, past, so_much);
  };
  if (past.access != Access::kFull) return plan_to(past.full_days, detail);
  const int longest = limits.full_days_max();
  if (past.day >= longest) return plan_to(past.day, detail);
  std::array<double, kUnpaidDays + 1> values{};
  double most = -std::numeric_limits<double>::infinity();
  int best = longest;
  for (int length = past.day; length <= longest; ++length) {
    const auto at = static_cast<std::size_t>(length);
    if (!limits.full_lengths[at]) continue;
    values[at] = plan_to(length, PlanDetail::kActions).worth.net_minor();
    // Of equal plans the simplest.
    const double counted =
        values[at] - length * question.stakes.least_gain_minor;
    if (counted <= most) continue;
    most = counted;
    best = length;
  }
  GracePlan plan = plan_to(best, detail);
  if (detail == PlanDetail::kActions) return plan;
  const DaySet compared = LengthsToCompare(limits, past, best);
  std::size_t count = 0;
  for (int days = 0; days <= kUnpaidDays; ++days) {
    const auto at = static_cast<std::size_t>(days);
    if (compared[at]) plan.alternatives[count++] = {days, values[at]};
  }
  plan.alternatives_count = static_cast<int>(count);
  plan.gains.full_lengths = 0;
  if (best == longest && longest < limits.last_day) {
    PlanLimits freer = limits;
    freer.full_lengths.set();
    const double freed =
        PlanByLength({question.hazards, question.stakes, freer, past},
                     PlanDetail::kActions)
            .worth.net_minor();
    const double gain = freed - values[static_cast<std::size_t>(best)];
    if (gain > kGainMin) plan.gains.full_lengths = gain;
  }
  return plan;
}

GracePlan GracePlanner::Plan(const HazardTable& hazards,
                             const GraceStakes& stakes,
                             const PlanLimits& limits, const UnpaidPast& past,
                             PlanDetail detail) {
  if (limits.LastDayOf(0) < limits.last_day) {
    return PlanByLength({hazards, stakes, limits, past}, detail);
  }
  PlanLimits lawful = limits;
  lawful.attempts_max = std::min(limits.attempts_max, PlanLimits::kAttemptsMax);
  lawful.messages_max = std::min(limits.messages_max, PlanLimits::kMessagesMax);
  if (past.day >= limits.last_day) {
    DayActions nothing;
    for (DayAction& action : nothing) action.access = Access::kNone;
    return PlanOf(nothing, hazards, stakes, limits, past);
  }
  const PlanQuestion question{hazards, stakes, lawful, past};
  int days_refused = 0;
  const Solved solved = SolveLawfully(question, lawful, days_refused);
  GracePlan plan = PlanOf(solved.actions, hazards, stakes, limits, past);
  plan.days_refused = days_refused;
  if (detail == PlanDetail::kActions) return plan;
  WorthTable::Counted counted = solved.counted;  // By the table as it is.
  if (past.access == Access::kFull) AddAlternatives(question, counted, plan);
  plan.gains = GainsOf(question, plan, solved, counted);
  return plan;
}

}  // namespace tenuto
