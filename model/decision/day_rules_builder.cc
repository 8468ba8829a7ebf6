#include "model/decision/day_rules_builder.h"

#include "absl/time/time.h"

namespace tenuto {
namespace {

// Row 0 is the unspecified network: for stops and limits everybody's.
constexpr std::size_t kAnyNetwork = v1::CARD_NETWORK_UNSPECIFIED;

}  // namespace

DayRules DayRulesBuilder::Build(const RuleDays& stretch) const {
  DayRules day;
  day.from_ = stretch.from;
  day.until_ = stretch.until;
  day.unknown_code_class_ = rules_.unknown_code_class();
  day.no_answer_class_ = rules_.no_answer_class();
  for (const v1::DeclinePolicy& policy : rules_.decline_policies()) {
    day.policies_[static_cast<std::size_t>(policy.decline_class())] = policy;
  }
  AddCodes(stretch.from, day);
  AddAdvice(stretch.from, day);
  AddStops(stretch.from, day);
  AddLimits(stretch.from, day);
  AddStores(stretch.from, day);
  return day;
}

CodeNumber DayRulesBuilder::NumberOf(absl::string_view raw) const {
  return codes_.at(NormalCode(raw));
}

void DayRulesBuilder::AddCodes(absl::Time at, DayRules& day) const {
  for (const bool specific : {false, true}) {
    for (const v1::DeclineCodes& entry : rules_.decline_codes()) {
      const auto network = static_cast<std::size_t>(entry.network());
      if (specific != (network != kAnyNetwork) || !DaysOf(entry).Cover(at)) {
        continue;
      }
      for (const std::string& code : entry.codes()) {
        const Decline decline = {entry.decline_class(), true,
                                 absl::ZeroDuration()};
        for (std::size_t row = 0; row < day.networks_.size(); ++row) {
          if (specific && row != network) continue;
          day.networks_[row].codes[NumberOf(code)] = decline;
        }
      }
    }
  }
}

void DayRulesBuilder::AddAdvice(absl::Time at, DayRules& day) const {
  for (const v1::AdviceCode& entry : rules_.advice_codes()) {
    if (!DaysOf(entry).Cover(at)) continue;
    const auto network = static_cast<std::size_t>(entry.network());
    day.networks_[network].advice_codes[NumberOf(entry.code())] = {
        entry.decline_class(), true, absl::Hours(entry.wait_hours())};
  }
}

void DayRulesBuilder::AddStops(absl::Time at, DayRules& day) const {
  for (const v1::StopRule& entry : rules_.stops()) {
    if (!DaysOf(entry).Cover(at)) continue;
    DayRules::Stop stop;
    stop.name = entry.name();
    for (const std::string& code : entry.codes())
      stop.codes.set(NumberOf(code));
    for (const std::string& code : entry.advice_codes()) {
      stop.advice_codes.set(NumberOf(code));
    }
    day.networks_[static_cast<std::size_t>(entry.network())].stops.push_back(
        stop);
    day.networks_[kAnyNetwork].stops.push_back(stop);
  }
}

void DayRulesBuilder::AddLimits(absl::Time at, DayRules& day) const {
  for (const v1::AttemptLimit& entry : rules_.attempt_limits()) {
    if (!DaysOf(entry).Cover(at)) continue;
    const DayRules::Limit limit = {
        entry.name(),
        entry.counts() == v1::ATTEMPTS_COUNTED_REATTEMPTS,
        entry.separate_initiators(),
        entry.same_amount(),
        static_cast<int>(entry.attempts_max()),
        absl::Hours(entry.window_hours())};
    for (const int network : entry.networks()) {
      day.networks_[static_cast<std::size_t>(network)].limits.push_back(limit);
    }
    day.networks_[kAnyNetwork].limits.push_back(limit);
  }
}

void DayRulesBuilder::AddStores(absl::Time at, DayRules& day) const {
  for (const v1::StoreTerms& entry : rules_.store_terms()) {
    if (!DaysOf(entry).Cover(at)) continue;
    StoreChoices& choices =
        day.stores_[static_cast<std::size_t>(entry.store())];
    for (const std::int64_t days : entry.grace_days()) {
      choices.grace_days.set(static_cast<std::size_t>(days));
    }
    const bool is_range = entry.grace_days().empty();
    for (std::int64_t days = 0; is_range && days <= entry.grace_days_max();
         ++days) {
      choices.grace_days.set(static_cast<std::size_t>(days));
    }
    if (entry.grace_optional()) choices.grace_days.set(0);
    choices.silent_hours = static_cast<int>(entry.silent_hours());
    choices.retry_days = static_cast<int>(entry.retry_days());
    choices.hold_days =
        entry.has_hold_days() ? static_cast<int>(entry.hold_days()) : -1;
  }
}

}  // namespace tenuto
