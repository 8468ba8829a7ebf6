#include "model/decision/day_rules_builder.h"

#include <gtest/gtest.h>

#include "model/decision/payment_rules_check.h"

namespace tenuto {
namespace {

constexpr v1::PaymentOutcome kDeclined = v1::PAYMENT_OUTCOME_DECLINED;

class DayRulesBuilderTest : public ::testing::Test {
 protected:
  DayRules On(absl::string_view day) {
    codes_.clear();
    for (const std::string& code : CodesOf(rules_)) {
      codes_.emplace(code, static_cast<CodeNumber>(2 + codes_.size()));
    }
    const absl::Time from = *BeginningOfDay(day);
    return DayRulesBuilder(rules_, codes_)
        .Build({from, from + absl::Hours(24)});
  }
  v1::DeclineClass ClassOf(const DayRules& day, v1::CardNetwork network,
                           const std::string& code) const {
    return day.Classify(network, kDeclined, codes_.at(code), kNoCode)
        .decline_class;
  }

  v1::PaymentRules rules_;
  DayRulesBuilder::Codes codes_;
};

TEST_F(DayRulesBuilderTest, TakesTheEntriesOfTheDay) {
  v1::DeclineCodes& old = *rules_.add_decline_codes();
  old.add_codes("51");
  old.set_decline_class(v1::DECLINE_CLASS_HARD);
  old.set_valid_until("2025-05-19");
  v1::DeclineCodes& now = *rules_.add_decline_codes();
  now.add_codes("51");
  now.set_decline_class(v1::DECLINE_CLASS_SOFT);
  now.set_valid_from("2025-05-19");
  const auto visa = v1::CARD_NETWORK_VISA;
  EXPECT_EQ(ClassOf(On("2025-05-18"), visa, "51"), v1::DECLINE_CLASS_HARD);
  EXPECT_EQ(ClassOf(On("2025-05-19"), visa, "51"), v1::DECLINE_CLASS_SOFT);
}

TEST_F(DayRulesBuilderTest, PrefersANetworksOwnEntryWhateverTheirOrder) {
  v1::DeclineCodes& own = *rules_.add_decline_codes();
  own.set_network(v1::CARD_NETWORK_AMEX);
  own.add_codes("x1");
  own.set_decline_class(v1::DECLINE_CLASS_HARD);
  v1::DeclineCodes& any = *rules_.add_decline_codes();
  any.add_codes("X1");
  any.set_decline_class(v1::DECLINE_CLASS_SOFT);
  const DayRules day = On("2026-03-01");
  EXPECT_EQ(ClassOf(day, v1::CARD_NETWORK_AMEX, "X1"), v1::DECLINE_CLASS_HARD);
  EXPECT_EQ(ClassOf(day, v1::CARD_NETWORK_VISA, "X1"), v1::DECLINE_CLASS_SOFT);
}

TEST_F(DayRulesBuilderTest, GivesStopsOfEveryNetworkToTheUnknownOne) {
  v1::StopRule& stop = *rules_.add_stops();
  stop.set_network(v1::CARD_NETWORK_AMEX);
  stop.add_codes("X1");
  const DayRules day = On("2026-03-01");
  const CodeNumber code = codes_.at("X1");
  EXPECT_TRUE(day.Stops(v1::CARD_NETWORK_AMEX, code, kNoCode));
  EXPECT_TRUE(day.Stops(v1::CARD_NETWORK_UNSPECIFIED, code, kNoCode));
  EXPECT_FALSE(day.Stops(v1::CARD_NETWORK_VISA, code, kNoCode));
}

TEST_F(DayRulesBuilderTest, KnowsNoTermsOfAStoreWithoutAnEntry) {
  v1::StoreTerms& terms = *rules_.add_store_terms();
  terms.set_store(v1::STORE_GOOGLE_PLAY);
  terms.set_retry_days(60);
  terms.set_grace_days_max(2);
  const DayRules day = On("2026-03-01");
  const StoreChoices& google = day.ChoicesOf(v1::STORE_GOOGLE_PLAY);
  EXPECT_TRUE(google.AllowsGraceDays(2));
  EXPECT_FALSE(google.AllowsGraceDays(3));
  EXPECT_EQ(google.HoldDays(2), 58);
  const StoreChoices& apple = day.ChoicesOf(v1::STORE_APP_STORE);
  EXPECT_FALSE(apple.AllowsGraceDays(0));
  EXPECT_EQ(apple.retry_days, 0);
}

}  // namespace
}  // namespace tenuto
