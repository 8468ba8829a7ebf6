#include "model/decision/payment_rules.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "embedded/payment_rules.textproto.h"
#include "features/base/digest.h"
#include "features/base/log.h"
#include "features/base/status_macros.h"
#include "features/base/textproto.h"
#include "model/decision/day_rules_builder.h"
#include "model/decision/payment_rules_check.h"
#include "model/decision/rule_days.h"
#include "xxhash.h"

namespace tenuto {
namespace {

constexpr std::size_t kVersionDigits = 16;

// Of a normal code, as gateways send it.
std::vector<std::string> SpellingsOf(const std::string& code) {
  std::vector<std::string> spellings = {code, absl::AsciiStrToLower(code)};
  if (code.size() == 2 && code[0] == '0') spellings.push_back(code.substr(1));
  return spellings;
}

template <typename Entries>
void AddEnds(const Entries& entries, std::set<absl::Time>& ends) {
  for (const auto& entry : entries) {
    const RuleDays days = DaysOf(entry);
    ends.insert(days.from);
    ends.insert(days.until);
  }
}

// Every moment at which some entry begins or ends, both infinities included.
std::set<absl::Time> EndsOf(const v1::PaymentRules& rules) {
  std::set<absl::Time> ends = {absl::InfinitePast(), absl::InfiniteFuture()};
  AddEnds(rules.decline_codes(), ends);
  AddEnds(rules.advice_codes(), ends);
  AddEnds(rules.stops(), ends);
  AddEnds(rules.attempt_limits(), ends);
  AddEnds(rules.store_terms(), ends);
  return ends;
}

}  // namespace

const PaymentRules& PaymentRules::Embedded() {
  static const absl::StatusOr<PaymentRules> rules = FromText(
      kEmbeddedPaymentRulesTextproto, "model/decision/payment_rules.textproto");
  TENUTO_CHECK(rules.ok(), rules.status().message());
  return *rules;
}

absl::StatusOr<PaymentRules> PaymentRules::FromText(absl::string_view text,
                                                    absl::string_view file) {
  v1::PaymentRules rules;
  google::protobuf::TextFormat::ParseInfoTree places;
  TENUTO_RETURN_IF_ERROR(ParseTextproto(file, text, rules, places));
  TENUTO_RETURN_IF_ERROR(
      CheckPaymentRules(rules, RulesText{file, text, places}));
  return PaymentRules(rules);
}

PaymentRules::PaymentRules(const v1::PaymentRules& rules)
    : version_(Sha256Hex(rules.SerializeAsString()).substr(0, kVersionDigits)) {
  for (const std::string& code : CodesOf(rules)) {
    const auto number =
        static_cast<CodeNumber>(kUnknownCode + 1 + codes_.size());
    codes_.emplace(code, number);
    for (const std::string& spelt : SpellingsOf(code)) {
      codes_by_hash_.emplace(XXH3_64bits(spelt.data(), spelt.size()), number);
    }
  }
  const DayRulesBuilder builder(rules, codes_);
  const std::set<absl::Time> ends = EndsOf(rules);
  for (auto end = ends.begin(); std::next(end) != ends.end(); ++end) {
    stretches_.push_back(builder.Build({*end, *std::next(end)}));
  }
}

CodeNumber PaymentRules::CodeOf(absl::string_view raw) const {
  const std::string code = NormalCode(raw);
  if (code.empty()) return kNoCode;
  const auto found = codes_.find(code);
  return found == codes_.end() ? kUnknownCode : found->second;
}

CodeNumber PaymentRules::CodeOfHash(std::uint64_t text_hash) const {
  const auto found = codes_by_hash_.find(text_hash);
  return found == codes_by_hash_.end() ? kUnknownCode : found->second;
}

const DayRules& PaymentRules::At(absl::Time time) const {
  for (const DayRules& stretch : stretches_) {
    if (time < stretch.until()) return stretch;
  }
  return stretches_.back();
}

AttemptVerdict PaymentRules::Judge(const CardHistory& history,
                                   const ProposedAttempt& proposed) const {
  const DayRules* rules = &At(proposed.time);
  const AttemptVerdict first = rules->Judge(history, proposed);
  AttemptVerdict verdict = first;
  ProposedAttempt later = proposed;
  while (verdict.earliest >= rules->until() &&
         rules->until() != absl::InfiniteFuture()) {
    later.time = rules->until();
    rules = &At(later.time);
    verdict = rules->Judge(history, later);
  }
  return {first.allowed, verdict.earliest, first.rule};
}

absl::Status PaymentRules::CheckSchedule(
    CardHistory history, absl::Span<const ProposedAttempt> plan) const {
  for (std::size_t i = 0; i < plan.size(); ++i) {
    const AttemptVerdict verdict = Judge(history, plan[i]);
    if (!verdict.allowed) {
      return absl::FailedPreconditionError(absl::StrCat(
          "attempt ", i + 1, " at ",
          absl::FormatTime(plan[i].time, absl::UTCTimeZone()), ": ",
          verdict.rule, " allows it ",
          verdict.earliest == absl::InfiniteFuture()
              ? std::string("never")
              : absl::StrCat("from ", absl::FormatTime(verdict.earliest,
                                                       absl::UTCTimeZone()))));
    }
    history.Add({plan[i].time, plan[i].initiator, v1::PAYMENT_OUTCOME_DECLINED,
                 kNoCode, kNoCode, plan[i].amount_minor});
  }
  return absl::OkStatus();
}

absl::Status PaymentRules::CheckGrace(v1::Store store, absl::Time time,
                                      int days) const {
  if (store == v1::STORE_UNSPECIFIED || !v1::Store_IsValid(store)) {
    return absl::InvalidArgumentError("store is none whose terms are known");
  }
  const StoreChoices& choices = At(time).ChoicesOf(store);
  if (choices.AllowsGraceDays(days)) return absl::OkStatus();
  std::string allowed;
  for (int n = 0; n <= StoreChoices::kDaysMax; ++n) {
    if (choices.AllowsGraceDays(n)) {
      absl::StrAppend(&allowed, allowed.empty() ? "" : ", ", n);
    }
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "grace is ", days, " days; ", v1::Store_Name(store), " allows ",
      allowed.empty() ? "none that we know" : allowed, " on that day"));
}

}  // namespace tenuto
