#include "model/grace/plan_limits.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace tenuto {
namespace {

// The reason why nobody may attempt on any day; empty if somebody may.
absl::string_view ReasonForNone(const PlanSituation& situation,
                                const DayRules& rules) {
  if (situation.store != v1::STORE_UNSPECIFIED) return kStoreCollects;
  if (situation.card_changed) return "";
  return rules.PolicyOf(situation.decline_class).retries() ? absl::string_view()
                                                           : kSubscriberMustAct;
}

void LimitAttempts(const PlanSituation& situation, const DayRules& rules,
                   PlanLimits& limits) {
  const UnpaidPast& past = situation.past;
  limits.attempt_days.reset();
  limits.attempt_rule = ReasonForNone(situation, rules);
  if (!limits.attempt_rule.empty()) return;
  limits.card = {situation.rules, situation.history, situation.failed_time,
                 situation.amount_minor};
  const absl::Time wait_end =
      situation.failed_time + absl::Hours(24 * past.last_attempt_day) +
      (situation.card_changed ? absl::ZeroDuration() : situation.advised_wait);
  for (int day = past.day + 1; day <= limits.last_day; ++day) {
    const ProposedAttempt attempt = limits.card.AttemptOn(day);
    absl::string_view rule;
    if (attempt.time < wait_end) {
      rule = kAdvisedWait;
    } else {
      rule = situation.rules->Judge(*situation.history, attempt).rule;
    }
    if (rule.empty()) {
      limits.attempt_days.set(static_cast<std::size_t>(day));
    } else if (limits.attempt_rule.empty()) {
      limits.attempt_rule = rule;
    }
  }
}

// What a store calls n days of grace is access through its silent hours too.
void LimitLengths(const StoreChoices& choices, int full_days_max,
                  PlanLimits& limits) {
  const int silent_days = (choices.silent_hours + 23) / 24;
  limits.full_lengths.reset();
  for (int days = 0; days <= kUnpaidDays; ++days) {
    if (!choices.AllowsGraceDays(days)) continue;
    const int length = std::max(days, silent_days);
    if (days == 0 || length <= std::min(full_days_max, limits.last_day)) {
      limits.full_lengths.set(static_cast<std::size_t>(length));
    }
  }
}

}  // namespace

int PlanLimits::full_days_max() const {
  for (int days = std::min(last_day, kUnpaidDays); days > 0; --days) {
    if (full_lengths[static_cast<std::size_t>(days)]) return days;
  }
  return 0;
}

absl::StatusOr<PlanLimits> LimitsFor(const PlanSituation& situation,
                                     const PlanCeilings& ceilings) {
  const DayRules& rules = situation.rules->At(situation.failed_time);
  PlanLimits limits;
  limits.last_day = std::min(ceilings.collect_days, kUnpaidDays);
  if (situation.store == v1::STORE_UNSPECIFIED) {
    limits.full_lengths.reset();
    for (int days = 0;
         days <= std::min(ceilings.full_days_max, limits.last_day); ++days) {
      limits.full_lengths.set(static_cast<std::size_t>(days));
    }
  } else {
    if (!v1::Store_IsValid(situation.store) ||
        rules.ChoicesOf(situation.store).retry_days == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("store is ", static_cast<int>(situation.store),
                       "; no terms of it are known on the day of the failure"));
    }
    const StoreChoices& choices = rules.ChoicesOf(situation.store);
    limits.last_day = std::min(limits.last_day, choices.retry_days);
    limits.hold_days = choices.HoldDays(0);  // Longest after any grace.
    LimitLengths(choices, ceilings.full_days_max, limits);
  }
  LimitAttempts(situation, rules, limits);
  limits.attempts_max =
      std::clamp(ceilings.attempts_max - (situation.past.attempts - 1), 0,
                 PlanLimits::kAttemptsMax);
  limits.messages_permitted = situation.messages_permitted;
  limits.messages_max =
      situation.messages_permitted
          ? std::clamp(ceilings.messages_max - situation.messages_sent, 0,
                       PlanLimits::kMessagesMax)
          : 0;
  return limits;
}

}  // namespace tenuto
