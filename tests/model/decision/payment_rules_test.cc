#include "model/decision/payment_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <iostream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "model/decision/rule_days.h"
#include "tests/support/naive_payment_judge.h"
#include "tests/support/rounds.h"
#include "xxhash.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;
using testing::NaiveAttempt;
using testing::NaivePaymentJudge;
using ::testing::UnorderedElementsAre;

constexpr v1::PaymentInitiator kCustomer = v1::PAYMENT_INITIATOR_CUSTOMER;
constexpr v1::PaymentInitiator kMerchant = v1::PAYMENT_INITIATOR_MERCHANT;

absl::Time Day(absl::string_view day) { return *BeginningOfDay(day); }

const PaymentRules& Rules() { return PaymentRules::Embedded(); }

// So many declined attempts, an hour apart, that end at `last`.
CardHistory Declined(v1::CardNetwork network, int attempts, absl::Time last,
                     v1::PaymentInitiator initiator = kMerchant,
                     const std::string& code = "51") {
  CardHistory history(network);
  for (int i = attempts - 1; i >= 0; --i) {
    history.Add({last - absl::Hours(i), initiator, v1::PAYMENT_OUTCOME_DECLINED,
                 Rules().CodeOf(code)});
  }
  return history;
}

TEST(PaymentRules, OfThisRepositoryAreAccepted) {
  EXPECT_EQ(Rules().version().size(), 16u);
}

TEST(PaymentRules, StopAVisaCardForEverAfterEachCodeOfCategory1) {
  const absl::Time day = Day("2026-03-01");
  for (const char* code : {"04", "07", "12", "14", "15", "41", "43", "46", "57",
                           "R0", "R1", "R3", " r1", "4"}) {
    const CardHistory history =
        Declined(v1::CARD_NETWORK_VISA, 1, day, kMerchant, code);
    const AttemptVerdict verdict =
        Rules().Judge(history, {day + absl::Hours(24 * 999), kCustomer});
    EXPECT_FALSE(verdict.allowed) << code;
    EXPECT_EQ(verdict.rule, "visa_category_1");
    EXPECT_EQ(verdict.earliest, absl::InfiniteFuture());
  }
  EXPECT_TRUE(
      Rules()
          .Judge(Declined(v1::CARD_NETWORK_VISA, 1, day, kMerchant, "51"),
                 {day + absl::Hours(1)})
          .allowed);
  EXPECT_TRUE(
      Rules()
          .Judge(Declined(v1::CARD_NETWORK_MASTERCARD, 1, day, kMerchant, "41"),
                 {day + absl::Hours(1)})
          .allowed);
}

TEST(PaymentRules, StopAMastercardAfterAdvice03And21Only) {
  const absl::Time day = Day("2026-03-01");
  for (const char* advice : {"01", "02", "03", "21", "24", "40", "99"}) {
    CardHistory history(v1::CARD_NETWORK_MASTERCARD);
    history.Add({day, kMerchant, v1::PAYMENT_OUTCOME_DECLINED,
                 Rules().CodeOf("05"), Rules().CodeOf(advice)});
    const bool stopped =
        std::string(advice) == "03" || std::string(advice) == "21";
    const AttemptVerdict verdict =
        Rules().Judge(history, {day + absl::Hours(100)});
    EXPECT_EQ(verdict.allowed, !stopped) << advice;
    EXPECT_EQ(verdict.rule, stopped ? "mastercard_advice_stop" : "");
  }
}

TEST(PaymentRules, CountFifteenVisaReattemptsUntilTheDayOfTheNewRule) {
  const absl::Time last = Day("2025-03-01");
  // The first try is no re-attempt.
  EXPECT_TRUE(Rules()
                  .Judge(Declined(v1::CARD_NETWORK_VISA, 15, last),
                         {last + absl::Hours(1)})
                  .allowed);
  const AttemptVerdict verdict =
      Rules().Judge(Declined(v1::CARD_NETWORK_VISA, 16, last),
                    {last + absl::Hours(1), kCustomer});
  EXPECT_FALSE(verdict.allowed);
  EXPECT_EQ(verdict.rule, "visa_reattempts_30_days");
  EXPECT_EQ(verdict.earliest, last - absl::Hours(14) + absl::Hours(720));
}

TEST(PaymentRules, CountTwentyVisaReattemptsOfEachInitiatorFromTheNewRuleOn) {
  const absl::Time last = Day("2025-06-01");
  const CardHistory history = Declined(v1::CARD_NETWORK_VISA, 21, last);
  const absl::Time next = last + absl::Hours(1);
  EXPECT_FALSE(Rules().Judge(history, {next, kMerchant}).allowed);
  EXPECT_TRUE(Rules().Judge(history, {next, kCustomer}).allowed);
  EXPECT_FALSE(Rules()
                   .Judge(history, {next, v1::PAYMENT_INITIATOR_UNSPECIFIED})
                   .allowed);
  EXPECT_TRUE(
      Rules().Judge(Declined(v1::CARD_NETWORK_VISA, 20, last), {next}).allowed);
}

TEST(PaymentRules, JudgeAWaitAcrossTheChangeByTheRulesOfItsEnd) {
  const absl::Time change = Day("2025-05-19");
  const CardHistory history =
      Declined(v1::CARD_NETWORK_VISA, 16, change - absl::Hours(2));
  const AttemptVerdict verdict =
      Rules().Judge(history, {change - absl::Hours(1)});
  EXPECT_FALSE(verdict.allowed);
  EXPECT_EQ(verdict.earliest, change);
  EXPECT_EQ(verdict.rule, "visa_reattempts_30_days");
}

TEST(PaymentRules, CountMastercardAttemptsOfADayAndOfAMonth) {
  const absl::Time last = Day("2026-03-01");
  const absl::Time next = last + absl::Hours(1);
  EXPECT_TRUE(Rules()
                  .Judge(Declined(v1::CARD_NETWORK_MASTERCARD, 9, last), {next})
                  .allowed);
  const AttemptVerdict day =
      Rules().Judge(Declined(v1::CARD_NETWORK_MASTERCARD, 10, last), {next});
  EXPECT_EQ(day.rule, "mastercard_attempts_24_hours");
  EXPECT_EQ(day.earliest, last - absl::Hours(9) + absl::Hours(24));
  const AttemptVerdict month =
      Rules().Judge(Declined(v1::CARD_NETWORK_MASTERCARD, 35, last), {next});
  EXPECT_EQ(month.rule, "mastercard_attempts_30_days");
  EXPECT_EQ(month.earliest, last - absl::Hours(34) + absl::Hours(720));
}

TEST(PaymentRules, JudgeAnUnknownNetworkByTheRulesOfAll) {
  const absl::Time last = Day("2026-03-01");
  const absl::Time next = last + absl::Hours(1);
  EXPECT_FALSE(
      Rules()
          .Judge(Declined(v1::CARD_NETWORK_UNSPECIFIED, 10, last), {next})
          .allowed);
  EXPECT_FALSE(Rules()
                   .Judge(Declined(static_cast<v1::CardNetwork>(77), 1, last,
                                   kMerchant, "43"),
                          {next})
                   .allowed);
}

TEST(PaymentRules, RefuseToJudgeAnAttemptBeforeTheNewest) {
  const absl::Time last = Day("2026-03-01");
  const AttemptVerdict verdict = Rules().Judge(
      Declined(v1::CARD_NETWORK_VISA, 2, last), {last - absl::Hours(1)});
  EXPECT_FALSE(verdict.allowed);
  EXPECT_EQ(verdict.rule, DayRules::kNotInOrder);
  EXPECT_EQ(verdict.earliest, last);
}

TEST(PaymentRules, NameTheFirstImpossibleAttemptOfASchedule) {
  const absl::Time day = Day("2026-03-01");
  const CardHistory history = Declined(v1::CARD_NETWORK_MASTERCARD, 8, day);
  std::vector<ProposedAttempt> plan = {{day + absl::Hours(1)},
                                       {day + absl::Hours(2)}};
  EXPECT_EQ(Rules().CheckSchedule(history, plan), absl::OkStatus());
  plan.push_back({day + absl::Hours(3)});
  const absl::Status full = Rules().CheckSchedule(history, plan);
  EXPECT_EQ(full.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(full.message()),
              AllOf(HasSubstr("attempt 3 at 2026-03-01T03:00"),
                    HasSubstr("mastercard_attempts_24_hours"),
                    HasSubstr("from 2026-03-01T17:00")));
  plan[1].time = day;
  EXPECT_THAT(std::string(Rules().CheckSchedule(history, plan).message()),
              HasSubstr("attempt 2"));
  const CardHistory stolen =
      Declined(v1::CARD_NETWORK_VISA, 1, day, kMerchant, "43");
  EXPECT_THAT(std::string(Rules().CheckSchedule(stolen, plan).message()),
              HasSubstr("never"));
}

TEST(PaymentRules, KnowTheTermsOfStoresOnADay) {
  const v1::Store apple = v1::STORE_APP_STORE;
  const v1::Store google = v1::STORE_GOOGLE_PLAY;
  const absl::Time old_day = Day("2022-06-01");
  const absl::Time before = Day("2025-11-30");
  const absl::Time after = Day("2025-12-01");
  for (int days = -1; days <= 61; ++days) {
    EXPECT_EQ(Rules().CheckGrace(apple, after, days).ok(),
              days == 0 || days == 3 || days == 16 || days == 28)
        << days;
    EXPECT_EQ(Rules().CheckGrace(apple, old_day, days).ok(),
              days == 0 || days == 6 || days == 16)
        << days;
    EXPECT_EQ(Rules().CheckGrace(google, after, days).ok(),
              days >= 0 && days <= 30)
        << days;
  }
  const StoreChoices& hold_30 = Rules().At(before).ChoicesOf(google);
  const StoreChoices& hold_rest = Rules().At(after).ChoicesOf(google);
  EXPECT_EQ(hold_30.HoldDays(7), 30);
  EXPECT_EQ(hold_rest.HoldDays(7), 53);
  EXPECT_EQ(hold_rest.HoldDays(0), 60);
  EXPECT_EQ(hold_rest.silent_hours, 24);
  EXPECT_EQ(Rules().At(after).ChoicesOf(apple).retry_days, 60);
  EXPECT_EQ(Rules().At(after).ChoicesOf(apple).silent_hours, 0);
  EXPECT_THAT(std::string(Rules().CheckGrace(apple, after, 7).message()),
              AllOf(HasSubstr("grace is 7 days"), HasSubstr("0, 3, 16, 28")));
  EXPECT_EQ(Rules().CheckGrace(v1::STORE_UNSPECIFIED, after, 3).code(),
            absl::StatusCode::kInvalidArgument);
}

// ---- Random histories against the naive judge -----------------------------

// A few nanoseconds a number: ten million histories need many.
struct QuickDraws {
  std::uint64_t state;
  std::uint32_t Below(std::uint32_t n) {
    state += 0x9E3779B97F4A7C15ull;
    std::uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    z ^= z >> 31;
    return static_cast<std::uint32_t>((z >> 32) * n >> 32);
  }
};

struct Tally {
  std::int64_t histories = 0;
  std::int64_t questions = 0;
  std::int64_t forbidden = 0;
  std::int64_t wrong = 0;
  std::string first_wrong;
  std::set<std::string> rules;  // That forbade something.
};

struct RawCode {
  const char* text;
  CodeNumber number;
};

RawCode Raw(const char* text) { return {text, Rules().CodeOf(text)}; }

// One card's life under the gate: what it allows is tried, and some attempts
// are made without asking it. Each answer is compared with the naive judge's.
void LiveOneCard(QuickDraws& draws, Tally& tally) {
  static const std::array<RawCode, 12> codes = {
      Raw("51"), Raw("05"), Raw("51"), Raw("65"), Raw("51"), Raw("91"),
      Raw("05"), Raw("61"), Raw("54"), Raw("??"), Raw("14"), Raw("R1")};
  static const std::array<RawCode, 4> advices = {Raw(""), Raw("02"), Raw("03"),
                                                 Raw("21")};
  static const std::array<std::int64_t, 8> gaps_s = {
      0, 60, 3'600, 2 * 3'600, 8 * 3'600, 86'400, 2 * 86'400, 30 * 86'400};
  static const std::int64_t change_s = absl::ToUnixSeconds(Day("2025-05-19"));
  const auto network = static_cast<v1::CardNetwork>(1 + draws.Below(4));
  // Many short lives, some that fill every counter.
  const std::uint32_t kind = draws.Below(256);
  const std::uint32_t steps = kind == 0   ? 60
                              : kind <= 2 ? 24
                                          : 1 + draws.Below(4);
  const bool long_life = kind <= 2;
  const std::uint32_t gaps = long_life ? 3 + draws.Below(3) : 8;
  CardHistory history(network);
  NaivePaymentJudge naive(network);
  std::int64_t now_s = change_s - 40 * 86'400 + draws.Below(60 * 86'400);
  for (std::uint32_t step = 0; step < steps; ++step) {
    now_s += gaps_s[draws.Below(gaps)];
    const auto initiator = static_cast<v1::PaymentInitiator>(
        long_life ? (draws.Below(8) == 0 ? draws.Below(3) : 2)
                  : draws.Below(3));
    const AttemptVerdict verdict =
        Rules().Judge(history, {absl::FromUnixSeconds(now_s), initiator});
    const bool allowed = naive.Allows(now_s, initiator);
    ++tally.questions;
    if (!allowed) ++tally.forbidden;
    bool right = verdict.allowed == allowed;
    if (right && !allowed && draws.Below(32) == 0) {
      tally.rules.emplace(verdict.rule);
      const std::int64_t earliest = naive.Earliest(now_s, initiator);
      right = earliest < 0
                  ? verdict.earliest == absl::InfiniteFuture()
                  : verdict.earliest == absl::FromUnixSeconds(earliest);
    }
    if (!right && tally.wrong++ == 0) {
      tally.first_wrong = absl::StrCat(
          v1::CardNetwork_Name(network), ", attempt ", step, " at ", now_s,
          ": naive ", allowed, ", rule \"", std::string(verdict.rule), "\"");
    }
    // Somebody else's gate may be broken: ours has to count it all the same.
    if (!verdict.allowed && draws.Below(8) != 0) continue;
    const bool approved = draws.Below(long_life ? 64 : 8) == 0;
    const RawCode& code = codes[draws.Below(long_life ? 10 : 12)];
    const RawCode& advice = advices[draws.Below(64) < 60 ? 0 : draws.Below(4)];
    history.Add(
        {absl::FromUnixSeconds(now_s), initiator,
         approved ? v1::PAYMENT_OUTCOME_APPROVED : v1::PAYMENT_OUTCOME_DECLINED,
         code.number, advice.number});
    naive.Add({now_s, initiator, approved, code.text, advice.text});
    if (history.forgot_any()) break;  // CardHistory's own test goes on here.
  }
  ++tally.histories;
}

TEST(PaymentRules, NeverAllowWhatANaiveJudgeForbidsInTenMillionHistories) {
  constexpr std::int64_t kHistories = 10'000'000;
  constexpr std::uint64_t kSeed = 20260521;
  std::cout << "seed " << kSeed << "\n";
  std::array<Tally, 2> tallies;
  std::vector<std::thread> threads;
  for (std::size_t half = 0; half < tallies.size(); ++half) {
    threads.emplace_back([&tallies, half] {
      QuickDraws draws = {kSeed + half};
      for (std::int64_t i = 0; i < kHistories / 2 * testing::Rounds(); ++i) {
        LiveOneCard(draws, tallies[half]);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::int64_t forbidden = 0;
  for (const Tally& tally : tallies) {
    EXPECT_EQ(tally.wrong, 0) << tally.first_wrong;
    forbidden += tally.forbidden;
    std::cout << tally.histories << " histories, " << tally.questions
              << " questions, " << tally.forbidden << " forbidden\n";
  }
  EXPECT_GT(forbidden, kHistories / 10);
  EXPECT_THAT(tallies[0].rules,
              UnorderedElementsAre(
                  "visa_category_1", "visa_reattempts_30_days",
                  "mastercard_advice_stop", "mastercard_attempts_24_hours",
                  "mastercard_attempts_30_days", "own_caution_30_days"));
}

TEST(PaymentRules, KnowsACodeByTheHashThatAStateKeeps) {
  const PaymentRules& rules = PaymentRules::Embedded();
  const auto by_hash = [&](absl::string_view raw) {
    return rules.CodeOfHash(XXH3_64bits(raw.data(), raw.size()));
  };
  for (const char* code : {"51", "R1", "r1", "04", "4", "insufficient_funds",
                           "INSUFFICIENT_FUNDS", "N7"}) {
    EXPECT_GT(rules.CodeOf(code), kUnknownCode) << code;
    EXPECT_EQ(by_hash(code), rules.CodeOf(code)) << code;
  }
  EXPECT_EQ(by_hash("no such code"), kUnknownCode);
}

}  // namespace
}  // namespace tenuto
