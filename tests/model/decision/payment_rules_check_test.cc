#include "model/decision/payment_rules_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "model/decision/payment_rules.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kGood[] = R"(decline_codes {
  decline_class: DECLINE_CLASS_SOFT
  codes: ["51", "05"]
  codes: "61"
}
decline_codes {
  decline_class: DECLINE_CLASS_FRAUD
  codes: "43"
}
advice_codes {
  network: CARD_NETWORK_MASTERCARD
  code: "03"
  decline_class: DECLINE_CLASS_HARD
  wait_hours: 24
}
decline_policies { decline_class: DECLINE_CLASS_TECHNICAL explanation: "a" }
decline_policies { decline_class: DECLINE_CLASS_SOFT explanation: "b" }
decline_policies { decline_class: DECLINE_CLASS_FIX_NEEDED explanation: "c" }
decline_policies { decline_class: DECLINE_CLASS_HARD explanation: "d" }
decline_policies { decline_class: DECLINE_CLASS_FRAUD explanation: "e" }
unknown_code_class: DECLINE_CLASS_FIX_NEEDED
no_answer_class: DECLINE_CLASS_TECHNICAL
stops {
  name: "visa_stop"
  network: CARD_NETWORK_VISA
  codes: "43"
}
attempt_limits {
  name: "month"
  networks: CARD_NETWORK_VISA
  counts: ATTEMPTS_COUNTED_ALL
  attempts_max: 15
  window_hours: 720
  valid_until: "2025-05-19"
}
attempt_limits {
  name: "month"
  networks: CARD_NETWORK_VISA
  counts: ATTEMPTS_COUNTED_ALL
  attempts_max: 20
  window_hours: 720
  valid_from: "2025-05-19"
}
store_terms {
  store: STORE_APP_STORE
  grace_days: [3, 16, 28]
  retry_days: 60
}
store_terms {
  store: STORE_GOOGLE_PLAY
  grace_days_max: 30
  silent_hours: 24
  retry_days: 60
  hold_days: 30
}
)";

std::string Says(const std::string& text) {
  const auto rules = PaymentRules::FromText(text, "rules.textproto");
  if (rules.ok()) return "ok";
  EXPECT_EQ(rules.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(rules.status().message());
}

struct Fault {
  const char* name;
  std::vector<std::pair<absl::string_view, absl::string_view>> changes;
  const char* says;
};

void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.name; }

class FaultyPaymentRules : public ::testing::TestWithParam<Fault> {};

TEST_P(FaultyPaymentRules, AreRefusedInOneLineWithFileLineAndField) {
  const std::string text = absl::StrReplaceAll(kGood, GetParam().changes);
  ASSERT_NE(text, kGood);
  const std::string said = Says(text);
  EXPECT_THAT(said, StartsWith(GetParam().says));
  EXPECT_THAT(said, Not(HasSubstr("\n")));
}

TEST(PaymentRulesCheck, AcceptsAGoodFile) { EXPECT_EQ(Says(kGood), "ok"); }

const std::vector<Fault>& FaultsOfTheText() {
  static const std::vector<Fault> faults = {
      {"UnknownField",
       {{"wait_hours", "wait_days"}},
       "rules.textproto:14:12: Message type \"tenuto.v1.AdviceCode\" has no "
       "field named \"wait_days\""},
      {"UnknownEnum",
       {{"CLASS_FRAUD\n", "CLASS_FRAUDS\n"}},
       "rules.textproto:8:3: Unknown enumeration value"},
      {"FieldTwice",
       {{"wait_hours: 24", "wait_hours: 24 wait_hours: 25"}},
       "rules.textproto:14:"},
      {"Broken", {{"stops {", "stops {{"}}, "rules.textproto:23:"},
      {"DayThatIsNone",
       {{"\"2025-05-19\"\n}\nstore", "\"2025-02-30\"\n}\nstore"}},
       "rules.textproto:42: attempt_limits: valid_from is \"2025-02-30\"; it "
       "must be a day like \"2025-05-19\""},
      {"DaysThatEndFirst",
       {{"retry_days: 60\n}\nstore",
         "retry_days: 60\n valid_from: \"2025-01-02\"\n"
         " valid_until: \"2025-01-02\"\n}\nstore"}},
       "rules.textproto:49: store_terms: valid_until is \"2025-01-02\"; it "
       "must be after valid_from"},
  };
  return faults;
}

const std::vector<Fault>& FaultsOfOverlap() {
  static const std::vector<Fault> faults = {
      {"DaysThatOverlap",
       {{"valid_until: \"2025-05-19\"", "valid_until: \"2025-05-20\""}},
       "rules.textproto:37: attempt_limits: rule month is said already on "
       "line 29 for some of the same days"},
      {"OtherNameForTheSame",
       {{"  name: \"month\"\n  networks: CARD_NETWORK_VISA\n  counts: "
         "ATTEMPTS_COUNTED_ALL\n  attempts_max: 20",
         "  name: \"moon\"\n  networks: CARD_NETWORK_VISA\n  counts: "
         "ATTEMPTS_COUNTED_ALL\n  attempts_max: 20"},
        {"valid_until: \"2025-05-19\"", ""}},
       "rules.textproto:38: attempt_limits: a limit of 720 hours for "
       "CARD_NETWORK_VISA is said already on line 30"},
      {"CodeInTwoClasses",
       {{"codes: \"43\"\n}\nadvice", "codes: [\"43\", \"5\"]\n}\nadvice"}},
       "rules.textproto:8: decline_codes: code \"05\" of any network is said "
       "already on line 3"},
      {"StoreTwice",
       {{"STORE_GOOGLE_PLAY", "STORE_APP_STORE"}},
       "rules.textproto:50: store_terms: STORE_APP_STORE is said already on "
       "line 45"},
      {"StopCodeThatIsSoft",
       {{"codes: \"43\"\n}\nattempt", "codes: [\"43\", \"61\"]\n}\nattempt"}},
       "rules.textproto:26: stops: codes has \"61\", whose class is "
       "DECLINE_CLASS_SOFT"},
      {"PolicyTwice",
       {{"CLASS_HARD explanation", "CLASS_SOFT explanation"}},
       "rules.textproto:19: decline_policies: DECLINE_CLASS_SOFT is said "
       "already on line 17"},
  };
  return faults;
}

const std::vector<Fault>& FaultsOfValues() {
  static const std::vector<Fault> faults = {
      {"NoClass",
       {{"  decline_class: DECLINE_CLASS_FRAUD\n  codes", "  codes"}},
       "rules.textproto:6: decline_codes: decline_class is 0"},
      {"NoCodes",
       {{"  codes: \"43\"\n}\nadvice", "}\nadvice"}},
       "rules.textproto:6: decline_codes: codes is empty"},
      {"EmptyCode",
       {{"\"61\"", "\" \""}},
       "rules.textproto:4: decline_codes: "},
      {"EmptyAdvice",
       {{"code: \"03\"", "code: \"\""}},
       "rules.textproto:12: advice_codes: code is \"\""},
      {"NegativeWait",
       {{"wait_hours: 24", "wait_hours: -1"}},
       "rules.textproto:14: advice_codes: wait_hours is -1"},
      {"AdviceOfNobody",
       {{"  network: CARD_NETWORK_MASTERCARD\n", ""}},
       "rules.textproto:10: advice_codes: network is 0"},
      {"BlindRetriesOfFraud",
       {{"explanation: \"e\"", "explanation: \"e\" retries: true"}},
       "rules.textproto:20: decline_policies: retries is true"},
      {"PolicyWithoutWords",
       {{"explanation: \"e\"", ""}},
       "rules.textproto:20: decline_policies: explanation is empty"},
      {"PolicyMissing",
       {{"decline_policies { decline_class: DECLINE_CLASS_FRAUD explanation: "
         "\"e\" }",
         ""}},
       "rules.textproto:16: decline_policies must be given for every class"},
      {"UnknownCodesTriedBlindly",
       {{"unknown_code_class: DECLINE_CLASS_FIX_NEEDED",
         "unknown_code_class: DECLINE_CLASS_SOFT"}},
       "rules.textproto:21: unknown_code_class must be"},
      {"NoClassForSilence",
       {{"no_answer_class: DECLINE_CLASS_TECHNICAL", ""}},
       "rules.textproto:1: no_answer_class must be"},
      {"StopWithoutCodes",
       {{"  codes: \"43\"\n}\nattempt", "}\nattempt"}},
       "rules.textproto:23: stops: codes is empty"},
      {"StopWithoutName",
       {{"\"visa_stop\"", "\"Visa stop\""}},
       "rules.textproto:24: stops: name is \"Visa stop\""},
      {"StopOfNobody",
       {{"  network: CARD_NETWORK_VISA\n  codes", "  codes"}},
       "rules.textproto:23: stops: network is 0"},
  };
  return faults;
}

const std::vector<Fault>& FaultsOfLimitsAndTerms() {
  static const std::vector<Fault> faults = {
      {"LimitOfNothing",
       {{"attempts_max: 15", "attempts_max: 0"}},
       "rules.textproto:32: attempt_limits: attempts_max is 0; it must be 1 "
       "to 40"},
      {"LimitBeyondMemory",
       {{"attempts_max: 15", "attempts_max: 41"}},
       "rules.textproto:32: attempt_limits: attempts_max is 41"},
      {"WindowOfNothing",
       {{"window_hours: 720", "window_hours: 0"}},
       "rules.textproto:33: attempt_limits: window_hours is 0"},
      {"WindowBeyondMemory",
       {{"window_hours: 720", "window_hours: 1441"}},
       "rules.textproto:33: attempt_limits: window_hours is 1441; it must be 1 "
       "to 1440"},
      {"CountsNothing",
       {{"  counts: ATTEMPTS_COUNTED_ALL\n", ""}},
       "rules.textproto:28: attempt_limits: counts is 0"},
      {"LimitOfNobody",
       {{"  networks: CARD_NETWORK_VISA\n", ""}},
       "rules.textproto:28: attempt_limits: networks is empty"},
      {"GraceLongerThanRetries",
       {{"[3, 16, 28]", "[3, 16, 61]"}},
       "rules.textproto:46: store_terms: grace_days is 61; it must be 0 or "
       "more and, with a hold of 0 days, at most retry_days, which is 60"},
      {"GraceAndHoldLongerThanRetries",
       {{"hold_days: 30", "hold_days: 31"}},
       "rules.textproto:51: store_terms: grace_days_max is 30; it must be 0 or "
       "more and, with a hold of 31 days, at most retry_days"},
      {"NegativeGrace",
       {{"grace_days_max: 30", "grace_days_max: -1"}},
       "rules.textproto:51: store_terms: grace_days_max is -1"},
      {"HoldLongerThanRetries",
       {{"hold_days: 30", "hold_days: 61"}},
       "rules.textproto:54: store_terms: hold_days is 61"},
      {"NoRetries",
       {{"  retry_days: 60\n  hold", "  hold"}},
       "rules.textproto:49: store_terms: retry_days is 0"},
      {"SilenceLongerThanRetries",
       {{"silent_hours: 24", "silent_hours: 1441"}},
       "rules.textproto:52: store_terms: silent_hours is 1441"},
      {"ListAndRange",
       {{"grace_days: [3, 16, 28]", "grace_days: 3 grace_days_max: 5"}},
       "rules.textproto:46: store_terms: grace_days_max is 5"},
      {"NoStore",
       {{"  store: STORE_APP_STORE\n", ""}},
       "rules.textproto:44: store_terms: store is 0"},
  };
  return faults;
}

std::string NameOf(const ::testing::TestParamInfo<Fault>& info) {
  return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(Text, FaultyPaymentRules,
                         ::testing::ValuesIn(FaultsOfTheText()), NameOf);
INSTANTIATE_TEST_SUITE_P(Overlap, FaultyPaymentRules,
                         ::testing::ValuesIn(FaultsOfOverlap()), NameOf);
INSTANTIATE_TEST_SUITE_P(Values, FaultyPaymentRules,
                         ::testing::ValuesIn(FaultsOfValues()), NameOf);
INSTANTIATE_TEST_SUITE_P(LimitsAndTerms, FaultyPaymentRules,
                         ::testing::ValuesIn(FaultsOfLimitsAndTerms()), NameOf);

TEST(PaymentRulesCheck, RefusesMoreCodesThanHaveNumbers) {
  std::string many = "decline_codes { decline_class: DECLINE_CLASS_SOFT\n";
  for (int i = 0; i < 260; ++i) absl::StrAppend(&many, "codes: \"n", i, "\"\n");
  EXPECT_THAT(Says(absl::StrCat(kGood, many, "}\n")),
              HasSubstr("codes are named, more than 254"));
}

TEST(PaymentRulesCheck, NamesTheFileThatItWasGiven) {
  const auto rules = PaymentRules::FromText("nonsense", "dir/mine.textproto");
  EXPECT_THAT(std::string(rules.status().message()),
              StartsWith("dir/mine.textproto:1:"));
}

}  // namespace
}  // namespace tenuto
