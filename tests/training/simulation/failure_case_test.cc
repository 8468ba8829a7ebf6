#include "training/simulation/failure_case.h"

#include <cstdio>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "training/world/failed_payment.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t kSeed = 5;

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
          known.limits.full_lengths[static_cast<std::size_t>(full_days)]);
    } else {
      EXPECT_EQ(full_days, 20);
    }
  }
  EXPECT_GT(attempts, 10'000);
  EXPECT_GT(stores, 100);
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
