#include "training/simulation/failure_case.h"

#include <cstdio>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "training/simulation/logged_failures.h"
#include "training/world/failed_payment.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t kSeed = 5;
const absl::Time kFailed = absl::FromUnixSeconds(1'780'300'000);  // June 2026.

class FailureCaseTest : public ::testing::Test {
 protected:
  FailureCaseTest() { std::printf("seed %d\n", static_cast<int>(kSeed)); }

  TrialActions Daily(int full_days) const {
    TrialActions trial;
    for (int day = 1; day <= kUnpaidDays; ++day) {
      DayAction& action = trial.actions[static_cast<std::size_t>(day)];
      action.access = day <= full_days ? Access::kFull : Access::kNone;
      action.attempts = true;
    }
    return trial;
  }

  const world::FailureWorld world_ =
      *world::FailureWorld::Create(kSeed, world::WorldVariant());
  const PaymentRules& rules_ = PaymentRules::Embedded();
  const CaseBook book_ =
      *CaseBook::Create(rules_, GraceValues::Embedded(), "EUR");
};

// Every attempt of the daily schedule that is left is allowed by the judge, one
// after the other, and every store gets a length that it offers.
TEST_F(FailureCaseTest, LeavesNothingThatARuleForbids) {
  FailureCase known;
  int attempts = 0, stores = 0;
  for (std::uint64_t number = 0; number < 3'000; ++number) {
    const world::FailedPayment failure = world_.Make(number);
    const world::SeenFailure seen = world_.See(failure);
    const absl::Time failed =
        absl::FromUnixSeconds(world_.FailedEpochOf(failure));
    ASSERT_TRUE(book_.Fill(seen, failed, known).ok());
    const TrialActions lawful = book_.Lawful(Daily(20), known);
    std::vector<ProposedAttempt> plan;
    int full_days = 0;
    for (int day = 1; day <= kUnpaidDays; ++day) {
      const DayAction& action = lawful.actions[static_cast<std::size_t>(day)];
      if (action.attempts) plan.push_back(known.limits.card.AttemptOn(day));
      if (action.access == Access::kFull) full_days = day;
    }
    attempts += static_cast<int>(plan.size());
    EXPECT_TRUE(rules_.CheckSchedule(known.history, plan).ok());
    if (seen.store != v1::STORE_UNSPECIFIED) {
      ++stores;
      EXPECT_TRUE(plan.empty());
      EXPECT_TRUE(
          known.rules.full_lengths[static_cast<std::size_t>(full_days)]);
    } else {
      EXPECT_EQ(full_days, 20);
    }
  }
  EXPECT_GT(attempts, 10'000);
  EXPECT_GT(stores, 100);
}

world::SeenFailure SeenWith(v1::Store store, const char* code = "51") {
  world::SeenFailure seen;
  seen.store = store;
  seen.decline_code = code;
  seen.network = v1::CARD_NETWORK_MASTERCARD;
  seen.currency = "EUR";
  seen.values.fill(1);
  return seen;
}

std::string AccessOf(const TrialActions& trial) {
  std::string access;
  for (int day = 1; day <= kUnpaidDays; ++day) {
    access += "012"[static_cast<int>(
        trial.actions[static_cast<std::size_t>(day)].access)];
  }
  return access;
}

// Full access for `full` days, then reduced for `reduced`.
TrialActions Access(int full, int reduced) {
  TrialActions trial;
  for (int day = 1; day <= kUnpaidDays; ++day) {
    trial.actions[static_cast<std::size_t>(day)].access =
        day <= full             ? Access::kFull
        : day <= full + reduced ? Access::kReduced
                                : Access::kNone;
  }
  return trial;
}

std::string Days(int full, int reduced) {
  return std::string(static_cast<std::size_t>(full), '2') +
         std::string(static_cast<std::size_t>(reduced), '1') +
         std::string(static_cast<std::size_t>(kUnpaidDays - full - reduced),
                     '0');
}

TEST_F(FailureCaseTest, LivesTheAccessThatIsWrittenWhereNoStoreForbidsIt) {
  FailureCase known;
  ASSERT_TRUE(book_.Fill(SeenWith(v1::STORE_UNSPECIFIED), kFailed, known).ok());
  for (const auto& [full, reduced] :
       {std::pair(45, 10), std::pair(60, 0), std::pair(0, 60)}) {
    EXPECT_EQ(AccessOf(book_.Lawful(Access(full, reduced), known)),
              Days(full, reduced));
  }
  EXPECT_EQ(known.limits.full_days_max(), 30) << "our ceiling, of the planner";
}

TEST_F(FailureCaseTest, ReducesAccessAtOnceWhereAStoreShortensIt) {
  FailureCase known;
  ASSERT_TRUE(book_.Fill(SeenWith(v1::STORE_APP_STORE), kFailed, known).ok());
  EXPECT_EQ(AccessOf(book_.Lawful(Access(14, 14), known)), Days(3, 25));
  EXPECT_EQ(AccessOf(book_.Lawful(Access(14, 0), known)), Days(3, 0));
  EXPECT_EQ(AccessOf(book_.Lawful(Access(60, 0), known)), Days(28, 0));
  ASSERT_TRUE(book_.Fill(SeenWith(v1::STORE_GOOGLE_PLAY), kFailed, known).ok());
  EXPECT_EQ(AccessOf(book_.Lawful(Access(45, 10), known)), Days(30, 25));
  // A silent day comes first.
  EXPECT_EQ(AccessOf(book_.Lawful(Access(0, 10), known)), Days(1, 9));
}

TEST_F(FailureCaseTest, EndsWithTheHoldOfTheDay) {
  FailureCase known;
  const absl::Time before =
      absl::FromCivil(absl::CivilDay(2025, 11, 30), absl::UTCTimeZone());
  ASSERT_TRUE(book_.Fill(SeenWith(v1::STORE_GOOGLE_PLAY), before, known).ok());
  EXPECT_EQ(book_.Lawful(Access(7, 0), known).last_day, 37);
  EXPECT_EQ(book_.Lawful(Access(0, 0), known).last_day, 31);
  TrialActions short_one = Access(7, 0);
  short_one.last_day = 20;
  EXPECT_EQ(book_.Lawful(short_one, known).last_day, 20);
  ASSERT_TRUE(book_.Fill(SeenWith(v1::STORE_GOOGLE_PLAY), kFailed, known).ok());
  EXPECT_EQ(book_.Lawful(Access(7, 0), known).last_day, 60);
}

// Mastercard's advice 27: not before four days are over.
TEST_F(FailureCaseTest, TakesAdviceForNoRule) {
  FailureCase known;
  world::SeenFailure seen = SeenWith(v1::STORE_UNSPECIFIED);
  seen.advice_code = "27";
  ASSERT_TRUE(book_.Fill(seen, kFailed, known).ok());
  EXPECT_FALSE(known.limits.attempt_days[1]) << "the planner waits";
  const TrialActions lawful = book_.Lawful(Daily(20), known);
  for (int day = 1; day <= 30; ++day) {
    EXPECT_TRUE(lawful.actions[static_cast<std::size_t>(day)].attempts) << day;
  }
}

// As trainer and server do: nobody judged the card, so it may be tried again.
TEST_F(FailureCaseTest, AllowsAttemptsWhereTheNetworkDidNotAnswer) {
  FailureCase known;
  world::SeenFailure seen = SeenWith(v1::STORE_UNSPECIFIED, "");
  ASSERT_TRUE(book_.Fill(seen, kFailed, known).ok());
  EXPECT_EQ(known.facts.decline_class, v1::DECLINE_CLASS_FIX_NEEDED);
  EXPECT_TRUE(known.limits.attempt_days.none());
  seen.outcome = v1::PAYMENT_OUTCOME_ERROR;
  ASSERT_TRUE(book_.Fill(seen, kFailed, known).ok());
  EXPECT_EQ(known.facts.decline_class, v1::DECLINE_CLASS_TECHNICAL);
  EXPECT_EQ(known.limits.attempt_days.count(), 60u);
  EXPECT_TRUE(book_.Lawful(Daily(20), known).actions[1].attempts);
}

// The same of a log, whose facts and limits must be of one class.
TEST_F(FailureCaseTest, KnowsOfALogWhetherTheNetworkAnswered) {
  const LoggedFailures log;
  GraceFailure failure;
  failure.spell.failed = kFailed;
  failure.spell.outcome = v1::PAYMENT_OUTCOME_ERROR;
  failure.decisions.resize(1);
  FailedPayment& payment = failure.decisions[0].payment;
  payment.failed = kFailed;
  payment.decline_class = v1::DECLINE_CLASS_TECHNICAL;
  FailureCase known;
  ASSERT_TRUE(FillCase(book_, log, failure, "EUR", known).ok());
  EXPECT_EQ(known.facts.decline_class, v1::DECLINE_CLASS_TECHNICAL);
  EXPECT_EQ(known.limits.attempt_days.count(), 60u);
}

TEST_F(FailureCaseTest, ReckonsAMonthAlikeInEveryCurrency) {
  FailureCase known;
  const GraceStakes euros = *GraceValues::Embedded().StakesOf("EUR");
  for (std::uint64_t number = 0; number < 300; ++number) {
    const world::FailedPayment failure = world_.Make(number);
    ASSERT_TRUE(book_.Fill(world_.See(failure), absl::UnixEpoch(), known).ok());
    EXPECT_NEAR(known.stakes.stakes.access_day(Access::kFull),
                euros.access_day(Access::kFull), 0.2);
    EXPECT_NEAR(known.stakes.month_margin_minor, 330, 10);
    EXPECT_GE(known.stakes.recovery_fee_minor, 15);
    EXPECT_LE(known.stakes.recovery_fee_minor, 40);
  }
}

TEST_F(FailureCaseTest, RefusesACurrencyWithoutValues) {
  const auto book = CaseBook::Create(rules_, GraceValues::Embedded(), "XAU");
  ASSERT_FALSE(book.ok());
  EXPECT_THAT(std::string(book.status().message()), HasSubstr("XAU"));
}

}  // namespace
}  // namespace tenuto
