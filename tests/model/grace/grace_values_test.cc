#include "model/grace/grace_values.h"

#include <string>
#include <vector>

#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kGood[] = R"(margin_share: 0.3
months_after_recovery: 7
full_day_share: 0.54
reduced_day_share: 0.13
least_gain_minor: 0.01
attempts_max: 12
messages_max: 3
full_days_max: 30
collect_days: 60
exploration_share: 0.05
currencies {
  currency: "EUR"
  month_price_minor: 1000
  attempt_minor: 5
  message_minor: 0.2
  recovery_fee_minor: 25
  message_goodwill_minor: 1.4
  access_step_goodwill_minor: 4
}
)";

std::string Complaint(const std::string& from, const std::string& to) {
  const std::string text = absl::StrReplaceAll(kGood, {{from, to}});
  EXPECT_NE(text, kGood) << from;
  return std::string(GraceValues::FromText(text, "v").status().message());
}

TEST(GraceValues, AreRightAsCompiledIn) {
  const GraceValues& values = GraceValues::Embedded();
  EXPECT_EQ(values.version().size(), 16u);
  for (const char* currency : {"EUR", "USD", "GBP", "SEK", "TWD", "JPY"}) {
    const auto stakes = values.StakesOf(currency);
    ASSERT_TRUE(stakes.ok()) << stakes.status();
    EXPECT_GT(stakes->recovery_minor[1], 0);
    EXPECT_GT(stakes->access_day(Access::kFull),
              stakes->access_day(Access::kReduced));
  }
  EXPECT_LE(values.ceilings().attempts_max, PlanLimits::kAttemptsMax);
}

TEST(GraceValues, GiveStakesOfASubscription) {
  const auto values = GraceValues::FromText(kGood, "v");
  ASSERT_TRUE(values.ok()) << values.status();
  const auto stakes = values->StakesOf("EUR");
  ASSERT_TRUE(stakes.ok());
  EXPECT_DOUBLE_EQ(stakes->recovery_minor[60], 0.3 * 1000 * 7 - 25);
  EXPECT_DOUBLE_EQ(stakes->access_day(Access::kFull), 18);
  EXPECT_EQ(stakes->access_day(Access::kNone), 0);
  const auto dear = values->StakesOf(
      "EUR", {.month_price_minor = 2000, .months_after_recovery = 2});
  EXPECT_DOUBLE_EQ(dear->recovery_minor[1], 0.3 * 2000 * 2 - 25);
  EXPECT_DOUBLE_EQ(dear->access_day(Access::kFull), 36);
}

TEST(GraceValues, RefuseACurrencyWithoutAValue) {
  const auto values = GraceValues::FromText(kGood, "values.textproto");
  const auto stakes = values->StakesOf("CHF");
  EXPECT_EQ(stakes.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(
      stakes.status().message(),
      "currency \"CHF\" has no values in values.textproto, which has EUR; "
      "add a currencies entry for it");
}

TEST(GraceValues, RefuseWhatIsWrongWithLineAndField) {
  EXPECT_EQ(Complaint("margin_share: 0.3", "margin_share: 30"),
            "v:1: margin_share is 30; it must be in (0, 1]");
  EXPECT_THAT(Complaint("7", "nan"), StartsWith("v:2: months_after_recovery"));
  EXPECT_THAT(Complaint("0.54", "-1"), StartsWith("v:3: full_day_share"));
  EXPECT_THAT(Complaint("0.13", "0.9"), StartsWith("v:4: reduced_day_share"));
  EXPECT_THAT(Complaint("0.01", "0"), StartsWith("v:5: least_gain_minor"));
  EXPECT_THAT(Complaint("12", "17"),
              StartsWith("v:6: attempts_max is 17; it must be 0 to 16"));
  EXPECT_THAT(Complaint("messages_max: 3", "messages_max: 5"),
              StartsWith("v:7: messages_max"));
  EXPECT_THAT(Complaint("30", "61"),
              StartsWith("v:8: full_days_max is 61; it must be 0 to 60"));
  EXPECT_THAT(Complaint("60", "61"), StartsWith("v:9: collect_days"));
  EXPECT_THAT(Complaint("0.05", "2"), StartsWith("v:10: exploration_share"));
  EXPECT_EQ(Complaint("\"EUR\"", "\"euro\""),
            "v:12: currency \"euro\": currency is \"euro\"; it must be an ISO "
            "4217 code such as EUR");
  EXPECT_THAT(Complaint("1000", "0"), StartsWith("v:13: currency \"EUR\": "));
  EXPECT_THAT(Complaint("25", "-25"),
              HasSubstr("v:16: currency \"EUR\": recovery_fee_minor is -25"));
  EXPECT_THAT(Complaint("full_day_share", "ful_day_share"), HasSubstr("v:3:"));
}

TEST(GraceValues, RefuseACurrencyGivenTwiceOrNone) {
  const std::string text = kGood;
  const std::string entry = text.substr(text.find("currencies"));
  EXPECT_THAT(
      std::string(GraceValues::FromText(text + entry, "v").status().message()),
      StartsWith("v:21: currency \"EUR\": currency is given twice"));
  EXPECT_THAT(std::string(GraceValues::FromText(
                              text.substr(0, text.find("currencies")), "v")
                              .status()
                              .message()),
              HasSubstr("currencies is empty"));
}

}  // namespace
}  // namespace tenuto
