#include "training/simulation/policy_file.h"

#include <string>
#include <vector>

#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tenuto {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kDeployed[] = "deploy/policies.textproto";

constexpr char kGood[] = R"(current: "short"
currency: "EUR"
policies {
  name: "short"
  fixed {
    full_days: 3
    reduced_days: 4
    retry_days: [2, 5, 9]
    message_days: [1, 4]
    ends_after_days: 20
  }
}
policies {
  name: "often"
  fixed { full_days: 60 retry_every { days: 8 times: 3 } }
}
policies {
  name: "both"
  mixture {
    parts { policy: "short" share: 0.25 }
    parts { policy: "often" share: 0.75 }
  }
}
policies { name: "own" personal {} }
policies { name: "true_chances" oracle {} }
)";

std::string Complaint(const std::string& from, const std::string& to) {
  std::string text = kGood;
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
  const auto file = PolicyFile::FromText(text, "p");
  EXPECT_EQ(file.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(file.status().message().find('\n'), absl::string_view::npos);
  return std::string(file.status().message());
}

std::vector<int> AttemptDays(const ComparedPolicy& policy) {
  std::vector<int> days;
  for (int day = 0; day <= kUnpaidDays; ++day) {
    if (policy.actions[static_cast<std::size_t>(day)].attempts) {
      days.push_back(day);
    }
  }
  return days;
}

TEST(PolicyFile, ReadsFixedPoliciesAsDaysOfActions) {
  const auto file = PolicyFile::FromText(kGood, "p");
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_EQ(file->policies().size(), 5u);
  EXPECT_EQ(file->current(), 0u);
  EXPECT_EQ(file->currency(), "EUR");
  const ComparedPolicy& first = file->policies()[0];
  EXPECT_EQ(first.name, "short");
  EXPECT_EQ(first.last_day, 20);
  EXPECT_EQ(first.actions[3].access, Access::kFull);
  EXPECT_EQ(first.actions[4].access, Access::kReduced);
  EXPECT_EQ(first.actions[7].access, Access::kReduced);
  EXPECT_EQ(first.actions[8].access, Access::kNone);
  EXPECT_EQ(first.actions[5], (DayAction{Access::kReduced, true, false}));
  EXPECT_TRUE(first.actions[1].messages);
  EXPECT_THAT(AttemptDays(first), ElementsAre(2, 5, 9));
  EXPECT_THAT(AttemptDays(file->policies()[1]), ElementsAre(8, 16, 24));
  EXPECT_EQ(file->policies()[1].last_day, kUnpaidDays);
  EXPECT_EQ(file->policies()[3].kind, PolicyKind::kPersonal);
  EXPECT_EQ(file->policies()[4].kind, PolicyKind::kOracle);
}

TEST(PolicyFile, DealsAMixtureOutByShare) {
  const auto file = PolicyFile::FromText(kGood, "p");
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->Serving(2, 0).name, "short");
  EXPECT_EQ(file->Serving(2, 0.2499).name, "short");
  EXPECT_EQ(file->Serving(2, 0.25).name, "often");
  EXPECT_EQ(file->Serving(2, 0.999999999).name, "often");
  EXPECT_EQ(file->Serving(1, 0).name, "often");
}

TEST(PolicyFile, NamesPolicyAndFieldOfWrongLengths) {
  EXPECT_EQ(Complaint("full_days: 3", "full_days: 21"),
            "p:6: policy \"short\": fixed: full_days is 21; it must be 0 to "
            "20, the last day");
  EXPECT_THAT(Complaint("full_days: 60", "full_days: -1"),
              StartsWith("p:15: policy \"often\": fixed: full_days is -1"));
  EXPECT_THAT(Complaint("reduced_days: 4", "reduced_days: 18"),
              StartsWith("p:7: policy \"short\": fixed: reduced_days is 18"));
  EXPECT_THAT(Complaint("ends_after_days: 20", "ends_after_days: 61"),
              StartsWith("p:10: policy \"short\": fixed: ends_after_days"));
  EXPECT_THAT(Complaint("ends_after_days: 20", "ends_after_days: 0"),
              HasSubstr("ends_after_days is 0; it must be 1 to 60"));
}

TEST(PolicyFile, NamesPolicyAndFieldOfImpossibleSchedules) {
  EXPECT_EQ(Complaint("[2, 5, 9]", "[2, 5, 5]"),
            "p:8: policy \"short\": fixed: retry_days is 5 after 5; it must be "
            "later than the day before it in the list");
  EXPECT_THAT(Complaint("[2, 5, 9]", "[2, 5, 21]"),
              HasSubstr("retry_days is 21; it must be 1 to 20"));
  EXPECT_EQ(Complaint("[2, 5, 9]", "[0]"),
            "p:8: policy \"short\": fixed: retry_days is 0; it must be 1 to "
            "20: day 0 is that of the failure, day 20 the last");
  EXPECT_THAT(Complaint("[1, 4]", "[1, 3]"),
              StartsWith("p:9: policy \"short\": fixed: message_days is 3 "
                         "after 1; it must be at least 3 days after"));
  EXPECT_THAT(Complaint("times: 3", "times: 8"),
              StartsWith("p:15: policy \"often\": fixed: retry_every: times is "
                         "8; it must be 1 to 7"));
  EXPECT_THAT(Complaint("days: 8", "days: 0"), HasSubstr("days is 0"));
  EXPECT_THAT(Complaint("retry_every { days: 8",
                        "retry_days: [1] retry_every { days: 8"),
              HasSubstr("retry_every is given beside retry_days"));
}

TEST(PolicyFile, NamesWhatIsWrongWithAMixture) {
  EXPECT_EQ(Complaint("share: 0.25", "share: 0.3"),
            "p:20: policy \"both\": mixture: the shares of its parts sum to "
            "1.05; they must sum to 1");
  EXPECT_EQ(Complaint("policy: \"short\"", "policy: \"both\""),
            "p:20: policy \"both\": mixture: part 1: policy is \"both\"; it "
            "must be one that is no mixture");
  EXPECT_THAT(Complaint("policy: \"often\"", "policy: \"offen\""),
              StartsWith("p:21: policy \"both\": mixture: part 2: policy is "
                         "\"offen\""));
  EXPECT_THAT(Complaint("policy: \"often\"", "policy: \"short\""),
              HasSubstr("named only once"));
  EXPECT_THAT(Complaint("policy: \"often\"", "policy: \"true_chances\""),
              HasSubstr("outside a world"));
  EXPECT_THAT(Complaint("share: 0.25", "share: 0"), HasSubstr("share is 0"));
  EXPECT_THAT(Complaint("share: 0.25", "share: nan"), HasSubstr("share is"));
}

TEST(PolicyFile, NamesTyposAndNames) {
  EXPECT_THAT(Complaint("retry_days", "retry_dais"),
              AllOf(StartsWith("p:8:"), HasSubstr("retry_dais"),
                    HasSubstr("did you mean \"retry_days\"?")));
  EXPECT_THAT(Complaint("ends_after_days: 20\n  }", "ends_after_days: 20"),
              AllOf(StartsWith("p:12:"),
                    HasSubstr("the \"{\" of line 3 is not closed")));
  EXPECT_THAT(Complaint("oracle {} }", "oracle {}"),
              AllOf(StartsWith("p:26:"),
                    HasSubstr("the \"{\" of line 25 is not closed")));
  EXPECT_EQ(Complaint("name: \"often\"", "name: \"short\""),
            "p:14: policy \"short\": name is used twice; it must be unique");
  EXPECT_THAT(Complaint("name: \"often\"", "name: \"Of ten\""),
              HasSubstr("p:14: policy \"Of ten\": name is \"Of ten\""));
  EXPECT_THAT(Complaint("personal {}", ""),
              HasSubstr("policy \"own\": it has none of fixed"));
}

TEST(PolicyFile, NamesAnUnknownCurrentPolicyOrCurrency) {
  EXPECT_EQ(Complaint("current: \"short\"", "current: \"shrt\""),
            "p:1: current is \"shrt\"; it must be the name of a policy of "
            "this file");
  EXPECT_THAT(Complaint("current: \"short\"", ""),
              HasSubstr("current is \"\""));
  EXPECT_THAT(Complaint("current: \"short\"", "current: \"true_chances\""),
              HasSubstr("fixed or a mixture"));
  EXPECT_THAT(Complaint("EUR", "XYZ"),
              StartsWith("p:2: currency \"XYZ\" has no values in "));
  EXPECT_THAT(std::string(PolicyFile::FromText("", "p").status().message()),
              HasSubstr("policies is empty"));
}

TEST(PolicyFile, NamesAFileThatIsNotThere) {
  EXPECT_THAT(std::string(PolicyFile::Read("no/such/file").status().message()),
              HasSubstr("no/such/file"));
}

TEST(PolicyFile, DeployedIsRightAndLawful) {
  const auto file = PolicyFile::Read(kDeployed);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_GE(file->policies().size(), 15u);
  for (const ComparedPolicy& policy : file->policies()) {
    const absl::Status lawful = CheckLawful(
        policy, PaymentRules::Embedded(), absl::FromUnixSeconds(1'780'300'000));
    EXPECT_TRUE(lawful.ok()) << lawful;
  }
}

// The strictest of all networks, those included of which only our own caution
// is known: 15 re-attempts in 30 days.
TEST(PolicyFile, SaysHowManyAttemptsRulesStrike) {
  const auto file = PolicyFile::FromText(
      absl::StrReplaceAll(kGood, {{"days: 8 times: 3", "days: 1 times: 18"}}),
      "p");
  ASSERT_TRUE(file.ok()) << file.status();
  const absl::Status lawful =
      CheckLawful(file->policies()[1], PaymentRules::Embedded(),
                  absl::FromUnixSeconds(1'780'300'000));
  EXPECT_EQ(lawful.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(lawful.message(),
            "policy \"often\": rules strike 3 of 18 attempts on "
            "CARD_NETWORK_AMEX, the first on day 16, by own_caution_30_days");
}

}  // namespace
}  // namespace tenuto
