#include "model/decision/payment_rules_check.h"

#include <algorithm>
#include <map>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "features/base/status_macros.h"
#include "model/decision/card_history.h"
#include "model/decision/day_rules.h"
#include "model/decision/rule_days.h"

namespace tenuto {
namespace {

using ParseInfoTree = google::protobuf::TextFormat::ParseInfoTree;

constexpr std::size_t kTextBytesMax = 64;
constexpr std::int64_t kHoursMax = 366 * 24;
constexpr std::int64_t kWindowHoursMax = 24 * CardHistory::kWindowDaysMax;
// Numbers 0 and 1 are taken.
constexpr std::size_t kCodesNamedMax = kCodesMax - 2;

bool IsRuleName(absl::string_view name) {
  if (name.empty() || name.size() > kTextBytesMax) return false;
  if (!absl::ascii_islower(static_cast<unsigned char>(name[0]))) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return absl::ascii_islower(byte) || absl::ascii_isdigit(byte) || c == '_';
  });
}

bool IsGrave(v1::DeclineClass decline_class) {
  return decline_class >= v1::DECLINE_CLASS_FIX_NEEDED &&
         v1::DeclineClass_IsValid(decline_class);
}

std::string Quoted(absl::string_view text) {
  return absl::StrCat("\"", text, "\"");
}

// One entry of one of the file's lists, and what is said about it.
class Entry {
 public:
  Entry(const RulesText& text, const google::protobuf::Message& rules,
        absl::string_view list, int index)
      : text_(text), list_(list) {
    const auto* field =
        rules.GetDescriptor()->FindFieldByName(std::string(list));
    type_ = field->message_type();
    line_ = text.places.GetLocation(field, index).line + 1;
    tree_ = text.places.GetTreeForNested(field, index);
  }

  int line() const { return line_; }
  const RulesText& text() const { return text_; }
  // The line of a field, of the entry where it is left out.
  int LineOf(const std::string& field) const {
    const auto* declared = type_->FindFieldByName(field);
    const int index = declared->is_repeated() ? 0 : -1;
    const int line = tree_->GetLocation(declared, index).line;
    return line < 0 ? line_ : line + 1;
  }
  // The first line, from the entry's on, with this text in quotes.
  int LineOfText(absl::string_view quoted) const {
    const std::vector<absl::string_view> lines =
        absl::StrSplit(text_.text, '\n');
    for (std::size_t i = static_cast<std::size_t>(line_) - 1; i < lines.size();
         ++i) {
      if (lines[i].find(Quoted(quoted)) != absl::string_view::npos) {
        return static_cast<int>(i) + 1;
      }
    }
    return line_;
  }
  absl::Status WrongAt(int line, absl::string_view what) const {
    return absl::InvalidArgumentError(
        absl::StrCat(text_.file, ":", line, ": ", list_, ": ", what));
  }
  template <typename Value>
  absl::Status Wrong(const std::string& field, const Value& value,
                     absl::string_view wanted) const {
    return WrongAt(LineOf(field),
                   absl::StrCat(field, " is ", value, "; it must be ", wanted));
  }

 private:
  const RulesText& text_;
  absl::string_view list_;
  const google::protobuf::Descriptor* type_;
  const ParseInfoTree* tree_;
  int line_;
};

// What was said already, and for which days: nothing may be said twice.
class Claims {
 public:
  absl::Status Take(const Entry& entry, int line, const std::string& what,
                    const RuleDays& days) {
    for (const Claim& claim : claims_[what]) {
      if (!days.Overlap(claim.days)) continue;
      return entry.WrongAt(
          line, absl::StrCat(what, " is said already on line ", claim.line,
                             " for some of the same days; end one before the "
                             "other begins (valid_from, valid_until)"));
    }
    claims_[what].push_back({days, line});
    return absl::OkStatus();
  }

 private:
  struct Claim {
    RuleDays days;
    int line;
  };
  std::map<std::string, std::vector<Claim>> claims_;
};

template <typename Rule>
absl::Status CheckDays(const Entry& entry, const Rule& rule) {
  const std::string wanted = "a day like \"2025-05-19\"";
  if (!rule.valid_from().empty() && !BeginningOfDay(rule.valid_from())) {
    return entry.Wrong("valid_from", Quoted(rule.valid_from()), wanted);
  }
  if (!rule.valid_until().empty() && !BeginningOfDay(rule.valid_until())) {
    return entry.Wrong("valid_until", Quoted(rule.valid_until()), wanted);
  }
  const RuleDays days = DaysOf(rule);
  if (days.from >= days.until) {
    return entry.Wrong("valid_until", Quoted(rule.valid_until()),
                       "after valid_from");
  }
  return absl::OkStatus();
}

template <typename Codes>
absl::Status CheckCodes(const Entry& entry, absl::string_view field,
                        const Codes& codes) {
  for (const std::string& code : codes) {
    if (!NormalCode(code).empty() && code.size() <= kTextBytesMax) continue;
    return entry.WrongAt(
        entry.LineOfText(code),
        absl::StrCat(field, " has ", Quoted(code),
                     "; a code must have 1 to 64 bytes, not all spaces"));
  }
  return absl::OkStatus();
}

absl::Status CheckNetwork(const Entry& entry, int network) {
  if (network != v1::CARD_NETWORK_UNSPECIFIED &&
      v1::CardNetwork_IsValid(network)) {
    return absl::OkStatus();
  }
  return entry.Wrong("network", network, "a card network");
}

std::string Named(absl::string_view kind, v1::CardNetwork network,
                  absl::string_view code) {
  return absl::StrCat(kind, " ", Quoted(NormalCode(code)), " of ",
                      network == v1::CARD_NETWORK_UNSPECIFIED
                          ? "any network"
                          : v1::CardNetwork_Name(network));
}

absl::Status Check(const Entry& entry, const v1::DeclineCodes& rule,
                   Claims& claims) {
  TENUTO_RETURN_IF_ERROR(CheckDays(entry, rule));
  if (!v1::CardNetwork_IsValid(rule.network())) {
    return entry.Wrong("network", static_cast<int>(rule.network()),
                       "a card network or left out");
  }
  if (rule.decline_class() == v1::DECLINE_CLASS_UNSPECIFIED ||
      !v1::DeclineClass_IsValid(rule.decline_class())) {
    return entry.Wrong("decline_class", static_cast<int>(rule.decline_class()),
                       "a class");
  }
  if (rule.codes().empty()) {
    return entry.Wrong("codes", "empty", "at least one code");
  }
  TENUTO_RETURN_IF_ERROR(CheckCodes(entry, "codes", rule.codes()));
  for (const std::string& code : rule.codes()) {
    TENUTO_RETURN_IF_ERROR(claims.Take(entry, entry.LineOfText(code),
                                       Named("code", rule.network(), code),
                                       DaysOf(rule)));
  }
  return absl::OkStatus();
}

absl::Status Check(const Entry& entry, const v1::AdviceCode& rule,
                   Claims& claims) {
  TENUTO_RETURN_IF_ERROR(CheckDays(entry, rule));
  TENUTO_RETURN_IF_ERROR(CheckNetwork(entry, rule.network()));
  if (NormalCode(rule.code()).empty() || rule.code().size() > kTextBytesMax) {
    return entry.Wrong("code", Quoted(rule.code()), "1 to 64 bytes");
  }
  if (!v1::DeclineClass_IsValid(rule.decline_class())) {
    return entry.Wrong("decline_class", static_cast<int>(rule.decline_class()),
                       "a class or left out");
  }
  if (rule.wait_hours() < 0 || rule.wait_hours() > kHoursMax) {
    return entry.Wrong("wait_hours", rule.wait_hours(), "0 to 8784");
  }
  return claims.Take(entry, entry.LineOf("code"),
                     Named("advice code", rule.network(), rule.code()),
                     DaysOf(rule));
}

absl::Status Check(const Entry& entry, const v1::DeclinePolicy& rule,
                   Claims& claims) {
  if (rule.decline_class() == v1::DECLINE_CLASS_UNSPECIFIED ||
      !v1::DeclineClass_IsValid(rule.decline_class())) {
    return entry.Wrong("decline_class", static_cast<int>(rule.decline_class()),
                       "a class");
  }
  if (rule.retries() && IsGrave(rule.decline_class())) {
    return entry.Wrong("retries", "true",
                       "false for a class that no blind retry can mend");
  }
  if (rule.explanation().empty()) {
    return entry.Wrong("explanation", "empty", "words for people");
  }
  return claims.Take(entry, entry.LineOf("decline_class"),
                     v1::DeclineClass_Name(rule.decline_class()), {});
}

absl::Status Check(const Entry& entry, const v1::StopRule& rule,
                   Claims& claims) {
  TENUTO_RETURN_IF_ERROR(CheckDays(entry, rule));
  if (!IsRuleName(rule.name())) {
    return entry.Wrong("name", Quoted(rule.name()),
                       "snake case of at most 64 bytes");
  }
  TENUTO_RETURN_IF_ERROR(CheckNetwork(entry, rule.network()));
  if (rule.codes().empty() && rule.advice_codes().empty()) {
    return entry.Wrong("codes", "empty", "at least one code or advice code");
  }
  TENUTO_RETURN_IF_ERROR(CheckCodes(entry, "codes", rule.codes()));
  TENUTO_RETURN_IF_ERROR(
      CheckCodes(entry, "advice_codes", rule.advice_codes()));
  const RuleDays days = DaysOf(rule);
  TENUTO_RETURN_IF_ERROR(claims.Take(entry, entry.LineOf("name"),
                                     absl::StrCat("rule ", rule.name()), days));
  for (const std::string& code : rule.codes()) {
    TENUTO_RETURN_IF_ERROR(claims.Take(entry, entry.LineOfText(code),
                                       Named("stop code", rule.network(), code),
                                       days));
  }
  for (const std::string& code : rule.advice_codes()) {
    TENUTO_RETURN_IF_ERROR(
        claims.Take(entry, entry.LineOfText(code),
                    Named("stop advice", rule.network(), code), days));
  }
  return absl::OkStatus();
}

absl::Status Check(const Entry& entry, const v1::AttemptLimit& rule,
                   Claims& claims) {
  TENUTO_RETURN_IF_ERROR(CheckDays(entry, rule));
  if (!IsRuleName(rule.name())) {
    return entry.Wrong("name", Quoted(rule.name()),
                       "snake case of at most 64 bytes");
  }
  if (rule.counts() == v1::ATTEMPTS_COUNTED_UNSPECIFIED ||
      !v1::AttemptsCounted_IsValid(rule.counts())) {
    return entry.Wrong("counts", static_cast<int>(rule.counts()),
                       "what is counted");
  }
  if (rule.attempts_max() < 1 ||
      rule.attempts_max() > CardHistory::kAttemptsMax) {
    return entry.Wrong("attempts_max", rule.attempts_max(), "1 to 40");
  }
  if (rule.window_hours() < 1 || rule.window_hours() > kWindowHoursMax) {
    return entry.Wrong(
        "window_hours", rule.window_hours(),
        absl::StrCat("1 to ", kWindowHoursMax, ", which is looked back on"));
  }
  if (rule.networks().empty()) {
    return entry.Wrong("networks", "empty", "at least one card network");
  }
  const RuleDays days = DaysOf(rule);
  TENUTO_RETURN_IF_ERROR(claims.Take(entry, entry.LineOf("name"),
                                     absl::StrCat("rule ", rule.name()), days));
  for (const int network : rule.networks()) {
    if (network == v1::CARD_NETWORK_UNSPECIFIED ||
        !v1::CardNetwork_IsValid(network)) {
      return entry.Wrong("networks", network, "card networks");
    }
    TENUTO_RETURN_IF_ERROR(claims.Take(
        entry, entry.LineOf("networks"),
        absl::StrCat(
            "a limit of ", rule.window_hours(), " hours for ",
            v1::CardNetwork_Name(static_cast<v1::CardNetwork>(network))),
        days));
  }
  return absl::OkStatus();
}

absl::Status CheckGraceDays(const Entry& entry, const v1::StoreTerms& rule,
                            const std::string& field, std::int64_t days) {
  const std::int64_t hold = rule.has_hold_days() ? rule.hold_days() : 0;
  if (days >= 0 && days + hold <= rule.retry_days()) return absl::OkStatus();
  return entry.Wrong(
      field, days,
      absl::StrCat("0 or more and, with a hold of ", hold,
                   " days, at most retry_days, which is ", rule.retry_days()));
}

absl::Status Check(const Entry& entry, const v1::StoreTerms& rule,
                   Claims& claims) {
  TENUTO_RETURN_IF_ERROR(CheckDays(entry, rule));
  if (rule.store() == v1::STORE_UNSPECIFIED ||
      !v1::Store_IsValid(rule.store())) {
    return entry.Wrong("store", static_cast<int>(rule.store()), "a store");
  }
  if (rule.retry_days() < 1 || rule.retry_days() > StoreChoices::kDaysMax) {
    return entry.Wrong("retry_days", rule.retry_days(), "1 to 366");
  }
  if (rule.hold_days() < 0 || rule.hold_days() > rule.retry_days()) {
    return entry.Wrong("hold_days", rule.hold_days(), "0 to retry_days");
  }
  if (rule.silent_hours() < 0 || rule.silent_hours() > 24 * rule.retry_days()) {
    return entry.Wrong("silent_hours", rule.silent_hours(),
                       "0 or more and at most retry_days");
  }
  if (!rule.grace_days().empty() && rule.grace_days_max() != 0) {
    return entry.Wrong("grace_days_max", rule.grace_days_max(),
                       "left out beside a list of grace_days");
  }
  for (const std::int64_t days : rule.grace_days()) {
    TENUTO_RETURN_IF_ERROR(CheckGraceDays(entry, rule, "grace_days", days));
  }
  TENUTO_RETURN_IF_ERROR(
      CheckGraceDays(entry, rule, "grace_days_max", rule.grace_days_max()));
  return claims.Take(entry, entry.LineOf("store"), v1::Store_Name(rule.store()),
                     DaysOf(rule));
}

template <typename Rules>
absl::Status CheckAll(const RulesText& text, const v1::PaymentRules& rules,
                      absl::string_view list, const Rules& entries,
                      Claims& claims) {
  for (int i = 0; i < entries.size(); ++i) {
    const Entry entry(text, rules, list, i);
    TENUTO_RETURN_IF_ERROR(Check(entry, entries.Get(i), claims));
  }
  return absl::OkStatus();
}

// A code after which nothing may be tried cannot be of a class that is tried
// again: its network's own class counts, where it has one.
absl::Status CheckStopClasses(const RulesText& text,
                              const v1::PaymentRules& rules) {
  std::map<std::pair<int, std::string>, std::vector<const v1::DeclineCodes*>>
      classes;
  for (const v1::DeclineCodes& entry : rules.decline_codes()) {
    for (const std::string& code : entry.codes()) {
      classes[{entry.network(), NormalCode(code)}].push_back(&entry);
    }
  }
  for (int i = 0; i < rules.stops_size(); ++i) {
    const v1::StopRule& stop = rules.stops(i);
    const Entry place(text, rules, "stops", i);
    for (const std::string& raw : stop.codes()) {
      const std::string code = NormalCode(raw);
      const auto own = classes.find({stop.network(), code});
      const auto any = classes.find({v1::CARD_NETWORK_UNSPECIFIED, code});
      const auto found = own != classes.end() ? own : any;
      if (found == classes.end()) continue;
      for (const v1::DeclineCodes* entry : found->second) {
        if (IsGrave(entry->decline_class()) ||
            !DaysOf(*entry).Overlap(DaysOf(stop))) {
          continue;
        }
        return place.WrongAt(
            place.LineOfText(raw),
            absl::StrCat("codes has ", Quoted(raw), ", whose class is ",
                         v1::DeclineClass_Name(entry->decline_class()),
                         "; a stop needs FIX_NEEDED, HARD or FRAUD"));
      }
    }
  }
  return absl::OkStatus();
}

absl::Status CheckSingles(const RulesText& text,
                          const v1::PaymentRules& rules) {
  const auto wrong = [&](const std::string& field, absl::string_view wanted) {
    const auto* declared = rules.GetDescriptor()->FindFieldByName(field);
    const int index = declared->is_repeated() ? 0 : -1;
    const int line = text.places.GetLocation(declared, index).line + 1;
    return absl::InvalidArgumentError(absl::StrCat(
        text.file, ":", std::max(line, 1), ": ", field, " must be ", wanted));
  };
  if (!IsGrave(rules.unknown_code_class())) {
    return wrong(
        "unknown_code_class",
        "FIX_NEEDED, HARD or FRAUD, which are not tried again blindly");
  }
  if (rules.no_answer_class() == v1::DECLINE_CLASS_UNSPECIFIED ||
      !v1::DeclineClass_IsValid(rules.no_answer_class())) {
    return wrong("no_answer_class", "a class");
  }
  if (rules.decline_policies_size() + 1 != v1::DeclineClass_ARRAYSIZE) {
    return wrong("decline_policies", "given for every class");
  }
  const std::size_t codes = CodesOf(rules).size();
  if (codes > kCodesNamedMax) {
    return wrong("decline_codes",
                 absl::StrCat("fewer: ", codes, " codes are named, more than ",
                              kCodesNamedMax));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckPaymentRules(const v1::PaymentRules& rules,
                               const RulesText& text) {
  Claims claims;
  TENUTO_RETURN_IF_ERROR(
      CheckAll(text, rules, "decline_codes", rules.decline_codes(), claims));
  TENUTO_RETURN_IF_ERROR(
      CheckAll(text, rules, "advice_codes", rules.advice_codes(), claims));
  TENUTO_RETURN_IF_ERROR(CheckAll(text, rules, "decline_policies",
                                  rules.decline_policies(), claims));
  TENUTO_RETURN_IF_ERROR(CheckAll(text, rules, "stops", rules.stops(), claims));
  TENUTO_RETURN_IF_ERROR(
      CheckAll(text, rules, "attempt_limits", rules.attempt_limits(), claims));
  TENUTO_RETURN_IF_ERROR(
      CheckAll(text, rules, "store_terms", rules.store_terms(), claims));
  TENUTO_RETURN_IF_ERROR(CheckSingles(text, rules));
  return CheckStopClasses(text, rules);
}

std::set<std::string> CodesOf(const v1::PaymentRules& rules) {
  std::set<std::string> codes;
  for (const v1::DeclineCodes& entry : rules.decline_codes()) {
    for (const std::string& code : entry.codes())
      codes.insert(NormalCode(code));
  }
  for (const v1::AdviceCode& entry : rules.advice_codes()) {
    codes.insert(NormalCode(entry.code()));
  }
  for (const v1::StopRule& entry : rules.stops()) {
    for (const std::string& code : entry.codes())
      codes.insert(NormalCode(code));
    for (const std::string& code : entry.advice_codes()) {
      codes.insert(NormalCode(code));
    }
  }
  return codes;
}

}  // namespace tenuto
