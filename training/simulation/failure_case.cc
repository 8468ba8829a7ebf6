#include "training/simulation/failure_case.h"

#include <algorithm>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "features/base/log.h"
#include "features/base/status_macros.h"

namespace tenuto {
namespace {

constexpr double kDayS = 86'400;

// Where a named column of the world's row lies.
std::size_t SeenAt(absl::string_view name) {
  const auto columns = world::SeenColumns();
  const auto found = std::find(columns.begin(), columns.end(), name);
  TENUTO_CHECK(found != columns.end(), "no such column of a seen failure");
  return static_cast<std::size_t>(found - columns.begin());
}

struct SeenPlaces {
  std::size_t tenure = SeenAt("tenure_days");
  std::size_t card_age = SeenAt("card_age_days");
  std::size_t expiry = SeenAt("days_to_expiry");
  std::size_t active = SeenAt("days_active_28d");
  std::size_t permitted = SeenAt("messages_permitted");
};
const SeenPlaces& Places() {
  static const SeenPlaces places;
  return places;
}

void ScaleTo(double factor, GraceStakes& stakes) {
  for (double& minor : stakes.recovery_minor) minor *= factor;
  for (double& minor : stakes.access_day_minor) minor *= factor;
  stakes.attempt_minor *= factor;
  stakes.message_minor *= factor;
  stakes.message_goodwill_minor *= factor;
  stakes.access_step_goodwill_minor *= factor;
  stakes.least_gain_minor *= factor;
}

// Our ceilings are the planner's.
constexpr PlanCeilings kRulesOnly = {.attempts_max = PlanLimits::kAttemptsMax,
                                     .messages_max = PlanLimits::kMessagesMax,
                                     .full_days_max = kUnpaidDays,
                                     .collect_days = kUnpaidDays};

int LengthUpTo(int days, const PlanLimits& limits) {
  for (int length = std::min(days, limits.last_day); length > 0; --length) {
    if (limits.full_lengths[static_cast<std::size_t>(length)]) return length;
  }
  if (limits.full_lengths[0]) return 0;
  for (int length = 1; length <= limits.last_day; ++length) {
    if (limits.full_lengths[static_cast<std::size_t>(length)]) return length;
  }
  return 0;
}

// Full access through the day `length` only; where reduced access was to follow
// it takes the place of what is cut off.
void ShortenFull(int length, DayActions& actions) {
  const bool reduces = std::any_of(
      actions.begin() + 1, actions.end(),
      [](const DayAction& day) { return day.access == Access::kReduced; });
  for (int day = 1; day <= kUnpaidDays; ++day) {
    Access& access = actions[static_cast<std::size_t>(day)].access;
    if (day <= length) {
      access = Access::kFull;
    } else if (access == Access::kFull) {
      access = reduces ? Access::kReduced : Access::kNone;
    }
  }
}

}  // namespace

absl::StatusOr<CaseBook> CaseBook::Create(const PaymentRules& rules,
                                          const GraceValues& values,
                                          absl::string_view currency) {
  TENUTO_ASSIGN_OR_RETURN(const GraceStakes stakes, values.StakesOf(currency));
  return CaseBook(rules, values, stakes.access_day(Access::kFull));
}

absl::StatusOr<WorldStakes> CaseBook::StakesOf(
    const world::SeenFailure& seen) const {
  WorldStakes stakes;
  // One month's price is worth the same everywhere.
  TENUTO_ASSIGN_OR_RETURN(const GraceStakes listed,
                          values_.StakesOf(seen.currency));
  const double factor = day_price_ / listed.access_day(Access::kFull);
  std::optional<double> price;  // As listed, where it is not known.
  if (seen.price_minor > 0) price = static_cast<double>(seen.price_minor);
  const auto stakes_of = [&](double months) {
    SubscriptionWorth worth;
    worth.month_price_minor = price;
    worth.months_after_recovery = months;
    return values_.StakesOf(seen.currency, worth);
  };
  TENUTO_ASSIGN_OR_RETURN(const GraceStakes one, stakes_of(1));
  TENUTO_ASSIGN_OR_RETURN(const GraceStakes two, stakes_of(2));
  SubscriptionWorth worth;
  worth.month_price_minor = price;
  TENUTO_ASSIGN_OR_RETURN(stakes.stakes,
                          values_.StakesOf(seen.currency, worth));
  ScaleTo(factor, stakes.stakes);
  stakes.month_margin_minor =
      factor * (two.recovery_minor[0] - one.recovery_minor[0]);
  stakes.recovery_fee_minor =
      stakes.month_margin_minor - factor * one.recovery_minor[0];
  return stakes;
}

absl::Status CaseBook::Fill(const world::SeenFailure& seen, absl::Time failed,
                            FailureCase& filled) const {
  const SeenPlaces& at = Places();
  const double failed_s = absl::ToDoubleSeconds(failed - absl::UnixEpoch());
  const CodeNumber code = rules_.CodeOf(seen.decline_code);
  const CodeNumber advice = rules_.CodeOf(seen.advice_code);
  const Decline decline =
      rules_.At(failed).Classify(seen.network, seen.outcome, code, advice);

  filled.facts = FailedPayment();
  filled.facts.failed = failed;
  filled.facts.decline_class = decline.decline_class;
  filled.facts.decline_code = ReadCode(seen.decline_code);
  filled.facts.advice_code = ReadCode(seen.advice_code);
  filled.facts.payday = UsualPayday::Of(seen.time_zone);
  filled.facts.network = seen.network;
  filled.facts.method_kind = seen.method_kind;
  filled.facts.store = seen.store;
  filled.facts.amount_minor = static_cast<double>(seen.price_minor);
  filled.facts.card_expiry_s = failed_s + kDayS * seen.values[at.expiry];
  filled.facts.method_updated_s = failed_s - kDayS * seen.values[at.card_age];
  filled.facts.subscribed_s = failed_s - kDayS * seen.values[at.tenure];

  filled.history = CardHistory(seen.network);
  filled.history.Add({.time = failed,
                      .initiator = v1::PAYMENT_INITIATOR_MERCHANT,
                      .outcome = seen.outcome,
                      .code = code,
                      .advice = advice,
                      .amount_minor = seen.price_minor});
  PlanSituation situation;
  situation.rules = &rules_;
  situation.history = &filled.history;
  situation.decline_class = decline.decline_class;
  situation.advised_wait = decline.advised_wait;
  situation.store = seen.store;
  situation.failed_time = failed;
  situation.amount_minor = seen.price_minor;
  situation.messages_permitted = seen.values[at.permitted] != 0;
  TENUTO_ASSIGN_OR_RETURN(filled.limits,
                          LimitsFor(situation, values_.ceilings()));
  situation.advised_wait = absl::ZeroDuration();  // Advice is no rule.
  TENUTO_ASSIGN_OR_RETURN(filled.rules, LimitsFor(situation, kRulesOnly));

  TENUTO_ASSIGN_OR_RETURN(filled.stakes, StakesOf(seen));
  filled.segments = SegmentsOf({.decline_class = decline.decline_class,
                                .tenure_days = seen.values[at.tenure],
                                .active_days_28d = seen.values[at.active],
                                .time_zone = seen.time_zone});
  return absl::OkStatus();
}

TrialActions CaseBook::Lawful(const TrialActions& fixed,
                              const FailureCase& failure) const {
  const PlanLimits& rules = failure.rules;
  TrialActions lawful = fixed;
  int full_days = 0;
  while (full_days < kUnpaidDays &&
         fixed.actions[static_cast<std::size_t>(full_days + 1)].access ==
             Access::kFull) {
    ++full_days;
  }
  const int length = LengthUpTo(full_days, rules);
  lawful.last_day = std::min(fixed.last_day, rules.LastDayOf(length));
  ShortenFull(length, lawful.actions);
  CardHistory history = failure.history;
  for (int day = 1; day <= kUnpaidDays; ++day) {
    DayAction& action = lawful.actions[static_cast<std::size_t>(day)];
    if (rules.messages_max == 0) action.messages = false;
    if (!action.attempts) continue;
    const ProposedAttempt proposed = rules.card.AttemptOn(day);
    action.attempts = rules.attempt_days[static_cast<std::size_t>(day)] &&
                      rules_.Judge(history, proposed).allowed;
    if (action.attempts) {
      history.Add({.time = proposed.time,
                   .initiator = proposed.initiator,
                   .outcome = v1::PAYMENT_OUTCOME_DECLINED,
                   .amount_minor = proposed.amount_minor});
    }
  }
  return lawful;
}

}  // namespace tenuto
