#include "training/world/decline_answer.h"

#include <map>
#include <set>
#include <string>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "model/decision/payment_rules.h"

namespace tenuto::world {
namespace {

// What the payment rules make of each cause.
const std::map<DeclineCause, v1::DeclineClass>& ClassOf() {
  static const auto& classes = *new std::map<DeclineCause, v1::DeclineClass>{
      {DeclineCause::kInsufficientFunds, v1::DECLINE_CLASS_SOFT},
      {DeclineCause::kHold, v1::DECLINE_CLASS_SOFT},
      {DeclineCause::kExpiredCard, v1::DECLINE_CLASS_FIX_NEEDED},
      {DeclineCause::kHardDecline, v1::DECLINE_CLASS_HARD},
      {DeclineCause::kIssuerOutage, v1::DECLINE_CLASS_TECHNICAL},
      {DeclineCause::kWrongCard, v1::DECLINE_CLASS_FIX_NEEDED},
      {DeclineCause::kFraud, v1::DECLINE_CLASS_FRAUD},
      {DeclineCause::kTechnical, v1::DECLINE_CLASS_TECHNICAL}};
  return classes;
}

TEST(DeclineAnswer, GivesCodesThatTheRulesClassAsTheCauseMeans) {
  const PaymentRules& rules = PaymentRules::Embedded();
  const DayRules& day = rules.At(absl::FromUnixSeconds(1'750'000'000));
  Traits traits;
  for (const v1::CardNetwork network :
       {v1::CARD_NETWORK_VISA, v1::CARD_NETWORK_MASTERCARD,
        v1::CARD_NETWORK_AMEX}) {
    traits.network = network;
    for (const auto& [cause, decline_class] : ClassOf()) {
      const Cure cure = CureOf(traits, cause, 6);
      std::set<std::string> codes;
      for (std::uint64_t n = 0; n < 200; ++n) {
        const DeclineAnswer answer =
            AnswerOf(cause, traits, cure, Draws(1, n, 0, Purpose::kAnswer));
        codes.insert(answer.decline_code);
        ASSERT_EQ(day.Classify(network, v1::PAYMENT_OUTCOME_DECLINED,
                               rules.CodeOf(answer.decline_code), kNoCode)
                      .decline_class,
                  decline_class)
            << answer.decline_code;
      }
      EXPECT_GE(codes.size(), 2u);
    }
  }
}

TEST(DeclineAnswer, AdvisesOnMastercardOnlyAndLongerBeforeALatePayday) {
  Traits traits;
  traits.network = v1::CARD_NETWORK_VISA;
  std::map<int, int> sum;
  for (const int payday_in : {2, 12}) {
    const Cure cure =
        CureOf(traits, DeclineCause::kInsufficientFunds, payday_in);
    for (std::uint64_t n = 0; n < 400; ++n) {
      const Draws draws(1, n, 0, Purpose::kAnswer);
      traits.network = v1::CARD_NETWORK_VISA;
      EXPECT_STREQ(
          AnswerOf(DeclineCause::kInsufficientFunds, traits, cure, draws)
              .advice_code,
          "");
      traits.network = v1::CARD_NETWORK_MASTERCARD;
      sum[payday_in] +=
          AnswerOf(DeclineCause::kInsufficientFunds, traits, cure, draws)
              .advice_number;
    }
  }
  EXPECT_GT(sum[12], 2 * sum[2]);
}

TEST(DeclineAnswer, TellsNothingOfACardBehindAStore) {
  Traits traits;
  traits.method_kind = v1::PAYMENT_METHOD_KIND_STORE;
  std::set<std::string> codes;
  for (const auto& [cause, decline_class] : ClassOf()) {
    codes.insert(AnswerOf(cause, traits, CureOf(traits, cause, 6),
                          Draws(1, 1, 0, Purpose::kAnswer))
                     .decline_code);
  }
  EXPECT_EQ(codes.size(), 1u);
  EXPECT_EQ(NetworkOf(traits), v1::CARD_NETWORK_UNSPECIFIED);
  EXPECT_NE(StoreOf(traits), v1::STORE_UNSPECIFIED);
}

}  // namespace
}  // namespace tenuto::world
