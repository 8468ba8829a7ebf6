#include "model/decision/card_history.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <vector>

#include "absl/random/random.h"

namespace tenuto {
namespace {

constexpr int kMax = CardHistory::kAttemptsMax;

absl::Time At(std::int64_t minute) {
  return absl::FromUnixSeconds(1'780'000'000) + absl::Minutes(minute);
}

PastAttempt Declined(std::int64_t minute, CodeNumber code = 7) {
  return {At(minute), v1::PAYMENT_INITIATOR_MERCHANT,
          v1::PAYMENT_OUTCOME_DECLINED, code};
}

PastAttempt Collected(std::int64_t minute) {
  return {At(minute), v1::PAYMENT_INITIATOR_MERCHANT,
          v1::PAYMENT_OUTCOME_APPROVED};
}

TEST(CardHistory, HasNoReattemptBeforeSomethingFailed) {
  CardHistory history;
  EXPECT_FALSE(history.IsReattempt(-1));
  history.Add(Collected(1));
  EXPECT_FALSE(history.IsReattempt(-1));
  history.Add(Declined(2));
  EXPECT_TRUE(history.IsReattempt(-1));
  EXPECT_FALSE(history.IsReattempt(0));
  history.Add(Declined(3));
  EXPECT_TRUE(history.IsReattempt(0));
  EXPECT_FALSE(history.IsReattempt(1));
}

TEST(CardHistory, TakesNoAnswerForAFailure) {
  CardHistory history;
  history.Add({At(1), v1::PAYMENT_INITIATOR_MERCHANT, v1::PAYMENT_OUTCOME_ERROR,
               9, 11});
  EXPECT_TRUE(history.IsReattempt(-1));
  EXPECT_TRUE(history.codes()[9]);
  EXPECT_TRUE(history.advice_codes()[11]);
}

TEST(CardHistory, RemembersCodesOfFailuresOnlyAndForEver) {
  CardHistory history;
  history.Add(Declined(0, 42));
  PastAttempt good = Collected(1);
  good.code = 43;
  history.Add(good);
  for (int i = 2; i < 200; ++i) history.Add(Declined(i));
  EXPECT_TRUE(history.codes()[42]);
  EXPECT_FALSE(history.codes()[43]);
  EXPECT_TRUE(history.forgot_any());
}

TEST(CardHistory, TakesStrangeNetworksAndInitiatorsForUnknown) {
  CardHistory history(static_cast<v1::CardNetwork>(99));
  EXPECT_EQ(history.network(), v1::CARD_NETWORK_UNSPECIFIED);
  PastAttempt attempt = Declined(1);
  attempt.initiator = static_cast<v1::PaymentInitiator>(9);
  history.Add(attempt);
  EXPECT_EQ(history.newest(0).initiator, v1::PAYMENT_INITIATOR_UNSPECIFIED);
}

TEST(CardHistory, KnowsWhetherTheOldestItKeepsWasAReattempt) {
  CardHistory failed;
  for (int i = 0; i <= kMax; ++i) failed.Add(Declined(i));
  EXPECT_TRUE(failed.IsReattempt(kMax - 1));
  CardHistory paid;
  paid.Add(Collected(0));
  for (int i = 1; i <= kMax; ++i) paid.Add(Declined(i));
  EXPECT_FALSE(paid.IsReattempt(kMax - 1));
  EXPECT_EQ(paid.newest_forgotten_time(), At(0));
}

// Distinct times, so that one order is right.
TEST(CardHistory, KeepsTheNewestWhateverTheOrderOfArrival) {
  constexpr std::uint64_t kSeed = 11;
  std::cout << "seed " << kSeed << "\n";
  std::mt19937_64 random(kSeed);
  for (int round = 0; round < 2'000; ++round) {
    std::vector<PastAttempt> attempts;
    const int count = static_cast<int>(random() % 100);
    for (int i = 0; i < count; ++i) {
      attempts.push_back(random() % 4 == 0 ? Collected(i) : Declined(i));
    }
    const std::vector<PastAttempt> sorted = attempts;
    std::shuffle(attempts.begin(), attempts.end(), random);
    CardHistory history;
    for (const PastAttempt& attempt : attempts) history.Add(attempt);
    ASSERT_EQ(history.size(), std::min(count, kMax));
    for (int i = 0; i < history.size(); ++i) {
      const auto place = static_cast<std::size_t>(count - 1 - i);
      ASSERT_EQ(history.newest(i).time, sorted[place].time);
      const bool reattempt = place > 0 && sorted[place - 1].outcome !=
                                              v1::PAYMENT_OUTCOME_APPROVED;
      ASSERT_EQ(history.IsReattempt(i), reattempt);
    }
    ASSERT_EQ(history.forgot_any(), count > kMax);
    if (count > kMax) {
      ASSERT_EQ(history.newest_forgotten_time(), At(count - kMax - 1));
    }
  }
}

}  // namespace
}  // namespace tenuto
