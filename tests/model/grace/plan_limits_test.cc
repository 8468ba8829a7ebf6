#include "model/grace/plan_limits.h"

#include "gtest/gtest.h"

namespace tenuto {
namespace {

constexpr PlanCeilings kCeilings{.attempts_max = 12,
                                 .messages_max = 3,
                                 .full_days_max = 30,
                                 .collect_days = 60};
const absl::Time kFailed = absl::FromUnixSeconds(1'780'300'000);  // June 2026.

PastAttempt Declined(absl::Time time, const char* code) {
  return {time,
          v1::PAYMENT_INITIATOR_MERCHANT,
          v1::PAYMENT_OUTCOME_DECLINED,
          PaymentRules::Embedded().CodeOf(code),
          kNoCode,
          1099};
}

class PlanLimitsTest : public ::testing::Test {
 protected:
  PlanLimitsTest() {
    history_.Add(Declined(kFailed, "51"));
    situation_.rules = &PaymentRules::Embedded();
    situation_.history = &history_;
    situation_.failed_time = kFailed;
    situation_.amount_minor = 1099;
  }
  PlanLimits Limits() const {
    const auto limits = LimitsFor(situation_, kCeilings);
    EXPECT_TRUE(limits.ok()) << limits.status();
    return limits.value_or(PlanLimits());
  }

  CardHistory history_{v1::CARD_NETWORK_VISA};
  PlanSituation situation_;
};

TEST_F(PlanLimitsTest, AllowAllOfOurOwnCollectingAfterASoftDecline) {
  const PlanLimits limits = Limits();
  EXPECT_FALSE(limits.attempt_days[0]);
  EXPECT_EQ(limits.attempt_days.count(), 60u);
  EXPECT_EQ(limits.attempts_max, 12);
  EXPECT_EQ(limits.attempt_rule, "");
  EXPECT_EQ(limits.full_lengths.count(), 31u);
  EXPECT_EQ(limits.full_days_max(), 30);
  EXPECT_EQ(limits.messages_max, 3);
  EXPECT_TRUE(limits.reduced_allowed);
}

TEST_F(PlanLimitsTest, LetNobodyTryACardThatTheSubscriberMustMend) {
  situation_.decline_class = v1::DECLINE_CLASS_FIX_NEEDED;
  EXPECT_TRUE(Limits().attempt_days.none());
  EXPECT_EQ(Limits().attempt_rule, kSubscriberMustAct);
  situation_.card_changed = true;
  EXPECT_EQ(Limits().attempt_days.count(), 60u);
}

TEST_F(PlanLimitsTest, KeepAStopOfTheNetworkForEver) {
  history_.Add(Declined(kFailed, "43"));  // Visa: never again.
  situation_.card_changed = true;         // Says the caller, of the same card.
  EXPECT_TRUE(Limits().attempt_days.none());
  EXPECT_FALSE(Limits().attempt_rule.empty());
}

TEST_F(PlanLimitsTest, WaitAsLongAsANetworkAdvises) {
  situation_.advised_wait = absl::Hours(72);
  const PlanLimits limits = Limits();
  EXPECT_FALSE(limits.attempt_days[2]);
  EXPECT_TRUE(limits.attempt_days[3]);
  EXPECT_EQ(limits.attempt_rule, kAdvisedWait);
}

TEST_F(PlanLimitsTest, ForbidDaysInAWindowThatIsFull) {
  for (int i = 0; i < 25; ++i) {
    history_.Add(Declined(kFailed - absl::Hours(i + 1), "51"));
  }
  const PlanLimits limits = Limits();
  EXPECT_FALSE(limits.attempt_days[5]);
  EXPECT_TRUE(limits.attempt_days[40]);
  EXPECT_FALSE(limits.attempt_rule.empty());
}

TEST_F(PlanLimitsTest, LeaveAttemptsAndLengthsToAStore) {
  situation_.store = v1::STORE_APP_STORE;
  const PlanLimits apple = Limits();
  EXPECT_TRUE(apple.attempt_days.none());
  EXPECT_EQ(apple.attempt_rule, kStoreCollects);
  EXPECT_EQ(
      apple.full_lengths.to_string(),
      DaySet(1ull << 0 | 1ull << 3 | 1ull << 16 | 1ull << 28).to_string());
  situation_.store = v1::STORE_GOOGLE_PLAY;
  const PlanLimits google = Limits();
  EXPECT_FALSE(google.full_lengths[0]);  // A silent day comes first.
  EXPECT_EQ(google.full_lengths.count(), 30u);
}

// Google's hold: 30 days after grace until December 2025, then what grace
// leaves of 60.
TEST_F(PlanLimitsTest, EndWithTheHoldThatAStoreHadOnTheDayOfTheFailure) {
  situation_.store = v1::STORE_GOOGLE_PLAY;
  EXPECT_EQ(Limits().LastDayOf(7), 60);
  situation_.failed_time =
      absl::FromCivil(absl::CivilDay(2025, 11, 30), absl::UTCTimeZone());
  EXPECT_EQ(Limits().LastDayOf(7), 37);
  EXPECT_EQ(Limits().LastDayOf(30), 60);
  situation_.store = v1::STORE_APP_STORE;
  EXPECT_EQ(Limits().LastDayOf(3), 60);
  situation_.store = v1::STORE_UNSPECIFIED;
  EXPECT_EQ(Limits().LastDayOf(0), 60);
}

TEST_F(PlanLimitsTest, CountWhatWasDoneAlready) {
  situation_.past = {.day = 9, .attempts = 4, .last_attempt_day = 9};
  situation_.messages_sent = 2;
  const PlanLimits limits = Limits();
  EXPECT_EQ(limits.attempts_max, 9);
  EXPECT_EQ(limits.messages_max, 1);
  EXPECT_FALSE(limits.attempt_days[9]);
  situation_.past.attempts = 99;
  situation_.messages_sent = 99;
  EXPECT_EQ(Limits().attempts_max, 0);
  EXPECT_EQ(Limits().messages_max, 0);
}

TEST_F(PlanLimitsTest, PermitNoMessageWithoutConsent) {
  situation_.messages_permitted = false;
  EXPECT_EQ(Limits().messages_max, 0);
  EXPECT_FALSE(Limits().messages_permitted);
}

TEST_F(PlanLimitsTest, RefuseAStoreThatNobodyKnows) {
  situation_.store = static_cast<v1::Store>(7);
  EXPECT_EQ(LimitsFor(situation_, kCeilings).status().message(),
            "store is 7; no terms of it are known on the day of the failure");
}

}  // namespace
}  // namespace tenuto
