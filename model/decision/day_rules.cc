#include "model/decision/day_rules.h"

#include <algorithm>

namespace tenuto {
namespace {

std::size_t Row(v1::CardNetwork network) {
  return v1::CardNetwork_IsValid(network) ? static_cast<std::size_t>(network)
                                          : 0;
}

}  // namespace

bool StoreChoices::AllowsGraceDays(int days) const {
  return days >= 0 && days <= kDaysMax &&
         grace_days[static_cast<std::size_t>(days)];
}

int StoreChoices::HoldDays(int grace) const {
  return hold_days >= 0 ? hold_days : std::max(0, retry_days - grace);
}

AttemptVerdict DayRules::Judge(const CardHistory& history,
                               const ProposedAttempt& proposed) const {
  const Network& network = networks_[Row(history.network())];
  for (const Stop& stop : network.stops) {
    if ((history.codes() & stop.codes).any() ||
        (history.advice_codes() & stop.advice_codes).any()) {
      return {false, absl::InfiniteFuture(), stop.name};
    }
  }
  AttemptVerdict verdict = {true, proposed.time, {}};
  if (history.size() > 0 && proposed.time < history.newest(0).time) {
    verdict = {false, history.newest(0).time, kNotInOrder};
  }
  const absl::Time at = verdict.earliest;
  for (const Limit& limit : network.limits) {
    const absl::Time earliest = Earliest(limit, history, proposed, at);
    if (earliest > verdict.earliest) verdict = {false, earliest, limit.name};
  }
  return verdict;
}

absl::Time DayRules::Earliest(const Limit& limit, const CardHistory& history,
                              const ProposedAttempt& proposed, absl::Time at) {
  // Nearly always so.
  if (history.size() < limit.attempts_max && !history.forgot_any()) return at;
  if (limit.reattempts_only && !history.IsReattempt(-1)) return at;
  constexpr v1::PaymentInitiator kAnybody = v1::PAYMENT_INITIATOR_UNSPECIFIED;
  if (!limit.separate_initiators) {
    return EarliestOf(limit, history, proposed, kAnybody, at);
  }
  if (proposed.initiator == v1::PAYMENT_INITIATOR_CUSTOMER ||
      proposed.initiator == v1::PAYMENT_INITIATOR_MERCHANT) {
    return EarliestOf(limit, history, proposed, proposed.initiator, at);
  }
  // Nobody knows whose counter it falls into, so both have to allow it.
  return std::max(
      EarliestOf(limit, history, proposed, v1::PAYMENT_INITIATOR_CUSTOMER, at),
      EarliestOf(limit, history, proposed, v1::PAYMENT_INITIATOR_MERCHANT, at));
}

// An attempt of an unknown initiator is in every counter.
absl::Time DayRules::EarliestOf(const Limit& limit, const CardHistory& history,
                                const ProposedAttempt& proposed,
                                v1::PaymentInitiator counted, absl::Time at) {
  constexpr v1::PaymentInitiator kAnybody = v1::PAYMENT_INITIATOR_UNSPECIFIED;
  const absl::Time window_start = at - limit.window;
  int count = 0;
  for (int i = 0; i < history.size(); ++i) {
    const CardHistory::Kept& past = history.newest(i);
    if (past.time <= window_start) return at;
    if (limit.reattempts_only && !history.IsReattempt(i)) continue;
    if (counted != kAnybody && past.initiator != kAnybody &&
        past.initiator != counted) {
      continue;
    }
    if (limit.same_amount && past.amount_minor != proposed.amount_minor) {
      continue;
    }
    if (++count == limit.attempts_max) return past.time + limit.window;
  }
  return history.newest_forgotten_time() <= window_start
             ? at
             : history.newest_forgotten_time() + limit.window;
}

Decline DayRules::Classify(v1::CardNetwork network, v1::PaymentOutcome outcome,
                           CodeNumber code, CodeNumber advice) const {
  if (outcome == v1::PAYMENT_OUTCOME_APPROVED) return {};
  const Network& rules = networks_[Row(network)];
  const Decline& by_code = rules.codes[code];
  const Decline& by_advice = rules.advice_codes[advice];
  Decline decline = {std::max(by_code.decline_class, by_advice.decline_class),
                     by_code.known || by_advice.known, by_advice.advised_wait};
  if (decline.decline_class != v1::DECLINE_CLASS_UNSPECIFIED) return decline;
  const bool no_answer =
      outcome == v1::PAYMENT_OUTCOME_ERROR && code == kNoCode;
  decline.decline_class = no_answer ? no_answer_class_ : unknown_code_class_;
  decline.known = no_answer;
  return decline;
}

bool DayRules::Stops(v1::CardNetwork network, CodeNumber code,
                     CodeNumber advice) const {
  const std::vector<Stop>& stops = networks_[Row(network)].stops;
  return std::any_of(stops.begin(), stops.end(), [&](const Stop& stop) {
    return stop.codes[code] || stop.advice_codes[advice];
  });
}

}  // namespace tenuto
