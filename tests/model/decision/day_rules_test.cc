#include "model/decision/day_rules.h"

#include <gtest/gtest.h>

#include <string>

#include "model/decision/payment_rules.h"
#include "model/decision/rule_days.h"

namespace tenuto {
namespace {

constexpr v1::PaymentOutcome kDeclined = v1::PAYMENT_OUTCOME_DECLINED;

const PaymentRules& Rules() { return PaymentRules::Embedded(); }
absl::Time Today() { return *BeginningOfDay("2026-03-01"); }

Decline Of(v1::CardNetwork network, const char* code, const char* advice = "",
           v1::PaymentOutcome outcome = kDeclined) {
  return Rules().At(Today()).Classify(network, outcome, Rules().CodeOf(code),
                                      Rules().CodeOf(advice));
}

TEST(DayRules, ClassifyTheCodesThatBanksSendMost) {
  for (int network = 0; network < v1::CardNetwork_ARRAYSIZE; ++network) {
    const auto of = [&](const char* code) {
      const Decline decline = Of(static_cast<v1::CardNetwork>(network), code);
      EXPECT_TRUE(decline.known) << code;
      return decline.decline_class;
    };
    EXPECT_EQ(of("51"), v1::DECLINE_CLASS_SOFT);
    EXPECT_EQ(of("05"), v1::DECLINE_CLASS_SOFT);
    EXPECT_EQ(of("insufficient_funds"), v1::DECLINE_CLASS_SOFT);
    EXPECT_EQ(of("54"), v1::DECLINE_CLASS_FIX_NEEDED);
    EXPECT_EQ(of("14"), v1::DECLINE_CLASS_FIX_NEEDED);
    EXPECT_EQ(of("46"), v1::DECLINE_CLASS_HARD);
    EXPECT_EQ(of("43"), v1::DECLINE_CLASS_FRAUD);
    EXPECT_EQ(of("91"), v1::DECLINE_CLASS_TECHNICAL);
  }
}

TEST(DayRules, LetANetworksOwnMeaningOfACodeCount) {
  EXPECT_EQ(Of(v1::CARD_NETWORK_VISA, "65").decline_class,
            v1::DECLINE_CLASS_SOFT);
  EXPECT_EQ(Of(v1::CARD_NETWORK_MASTERCARD, "65").decline_class,
            v1::DECLINE_CLASS_FIX_NEEDED);
}

TEST(DayRules, SayThatACodeIsUnknownAndClassItWithoutBlindRetries) {
  for (const char* code : {"Q9", "", "no such code"}) {
    const Decline decline = Of(v1::CARD_NETWORK_VISA, code);
    EXPECT_FALSE(decline.known);
    EXPECT_EQ(decline.decline_class, v1::DECLINE_CLASS_FIX_NEEDED);
    EXPECT_FALSE(Rules().At(Today()).PolicyOf(decline.decline_class).retries());
  }
  EXPECT_EQ(Rules().CodeOf("Q9"), kUnknownCode);
  EXPECT_EQ(Rules().CodeOf(" "), kNoCode);
}

TEST(DayRules, TakeNoAnswerForATechnicalFailure) {
  const Decline silent =
      Of(v1::CARD_NETWORK_VISA, "", "", v1::PAYMENT_OUTCOME_ERROR);
  EXPECT_EQ(silent.decline_class, v1::DECLINE_CLASS_TECHNICAL);
  EXPECT_TRUE(silent.known);
  EXPECT_EQ(Of(v1::CARD_NETWORK_VISA, "51", "", v1::PAYMENT_OUTCOME_ERROR)
                .decline_class,
            v1::DECLINE_CLASS_SOFT);
}

TEST(DayRules, HaveNothingToSayAboutACollectedPayment) {
  EXPECT_EQ(
      Of(v1::CARD_NETWORK_MASTERCARD, "00", "40", v1::PAYMENT_OUTCOME_APPROVED)
          .decline_class,
      v1::DECLINE_CLASS_UNSPECIFIED);
}

TEST(DayRules, LetTheGraverOfCodeAndAdviceCount) {
  const v1::CardNetwork mastercard = v1::CARD_NETWORK_MASTERCARD;
  EXPECT_EQ(Of(mastercard, "05", "03").decline_class, v1::DECLINE_CLASS_HARD);
  EXPECT_EQ(Of(mastercard, "43", "02").decline_class, v1::DECLINE_CLASS_FRAUD);
  EXPECT_EQ(Of(mastercard, "51", "40").decline_class, v1::DECLINE_CLASS_SOFT);
  EXPECT_EQ(Of(mastercard, "51", "25").advised_wait, absl::Hours(24));
  EXPECT_EQ(Of(mastercard, "51", "30").advised_wait, absl::Hours(240));
  const Decline unknown_code = Of(mastercard, "Q9", "02");
  EXPECT_TRUE(unknown_code.known);
  EXPECT_EQ(unknown_code.decline_class, v1::DECLINE_CLASS_SOFT);
  // Advice is Mastercard's: another network's field means something else.
  EXPECT_EQ(Of(v1::CARD_NETWORK_VISA, "05", "03").decline_class,
            v1::DECLINE_CLASS_SOFT);
}

TEST(DayRules, SayWhichCodesStopACard) {
  const DayRules& day = Rules().At(Today());
  EXPECT_TRUE(day.Stops(v1::CARD_NETWORK_VISA, Rules().CodeOf("41"), kNoCode));
  EXPECT_FALSE(day.Stops(v1::CARD_NETWORK_VISA, Rules().CodeOf("51"), kNoCode));
  EXPECT_FALSE(day.Stops(v1::CARD_NETWORK_AMEX, Rules().CodeOf("41"), kNoCode));
  EXPECT_TRUE(
      day.Stops(v1::CARD_NETWORK_MASTERCARD, kNoCode, Rules().CodeOf("21")));
  EXPECT_FALSE(day.Stops(v1::CARD_NETWORK_VISA, kNoCode, kUnknownCode));
}

TEST(DayRules, HaveAPolicyForEveryClass) {
  const DayRules& day = Rules().At(Today());
  for (int c = 1; c < v1::DeclineClass_ARRAYSIZE; ++c) {
    const auto decline_class = static_cast<v1::DeclineClass>(c);
    const v1::DeclinePolicy& policy = day.PolicyOf(decline_class);
    EXPECT_NE(policy.retries(), policy.asks_subscriber());
    EXPECT_FALSE(policy.explanation().empty());
  }
}

TEST(DayRules, FollowOneAnotherWithoutGaps) {
  absl::Time time = absl::InfinitePast();
  int stretches = 0;
  while (time != absl::InfiniteFuture()) {
    const DayRules& day = Rules().At(time);
    EXPECT_EQ(day.from(), time);
    EXPECT_LT(day.from(), day.until());
    time = day.until();
    ++stretches;
  }
  EXPECT_EQ(stretches, 4);  // 2023-01-30, 2025-05-19 and 2025-12-01 between.
}

// What a history no longer remembers is taken to fill the window.
TEST(DayRules, TakeAWindowForFullWhoseAttemptsAreForgotten) {
  const absl::Time start = Today();
  CardHistory history(v1::CARD_NETWORK_VISA);
  for (int i = 0; i < 10; ++i) {
    history.Add(
        {start + absl::Minutes(i), v1::PAYMENT_INITIATOR_CUSTOMER, kDeclined});
  }
  for (int i = 0; i < 40; ++i) {
    history.Add({start + absl::Hours(1 + i), v1::PAYMENT_INITIATOR_MERCHANT,
                 kDeclined});
  }
  const AttemptVerdict verdict = Rules().Judge(
      history, {start + absl::Hours(50), v1::PAYMENT_INITIATOR_CUSTOMER});
  EXPECT_FALSE(verdict.allowed);
  EXPECT_EQ(verdict.earliest, start + absl::Minutes(9) + absl::Hours(720));
  EXPECT_TRUE(Rules()
                  .Judge(history, {start + absl::Hours(721),
                                   v1::PAYMENT_INITIATOR_CUSTOMER})
                  .allowed);
}

TEST(DayRules, CountOnlyTheSameAmountWhereARuleSaysSo) {
  const std::string text =
      "decline_policies {decline_class: DECLINE_CLASS_TECHNICAL explanation:"
      "\"a\"} decline_policies {decline_class: DECLINE_CLASS_SOFT explanation:"
      "\"a\"} decline_policies {decline_class: DECLINE_CLASS_FIX_NEEDED "
      "explanation: \"a\"} decline_policies {decline_class: DECLINE_CLASS_HARD "
      "explanation: \"a\"} decline_policies {decline_class: "
      "DECLINE_CLASS_FRAUD explanation: \"a\"} unknown_code_class: "
      "DECLINE_CLASS_HARD no_answer_class: DECLINE_CLASS_SOFT "
      "attempt_limits {name: \"two\" networks: CARD_NETWORK_VISA counts: "
      "ATTEMPTS_COUNTED_ALL same_amount: true attempts_max: 2 window_hours: 1}";
  const auto rules = PaymentRules::FromText(text, "two.textproto");
  ASSERT_EQ(rules.status(), absl::OkStatus());
  CardHistory history(v1::CARD_NETWORK_VISA);
  for (const int amount : {999, 500, 999}) {
    history.Add({Today(), v1::PAYMENT_INITIATOR_MERCHANT, kDeclined, kNoCode,
                 kNoCode, amount});
  }
  ProposedAttempt next = {Today(), v1::PAYMENT_INITIATOR_MERCHANT, 999};
  EXPECT_FALSE(rules->Judge(history, next).allowed);
  next.amount_minor = 500;
  EXPECT_TRUE(rules->Judge(history, next).allowed);
}

}  // namespace
}  // namespace tenuto
