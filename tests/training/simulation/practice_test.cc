#include "training/simulation/practice.h"

#include <cmath>
#include <cstdio>

#include "gtest/gtest.h"
#include "model/grace/recovery_curve.h"
#include "training/simulation/trial.h"

namespace tenuto {
namespace {

constexpr std::uint64_t kSeed = 3;

class PracticeTest : public ::testing::Test {
 protected:
  PracticeTest() { std::printf("seed %d\n", static_cast<int>(kSeed)); }

  const world::FailureWorld world_ =
      *world::FailureWorld::Create(kSeed, world::WorldVariant());
  const CaseBook book_ = *CaseBook::Create(PaymentRules::Embedded(),
                                           GraceValues::Embedded(), "EUR");
};

TEST_F(PracticeTest, GivesARowADayWhileAPaymentIsOpen) {
  const auto rows = PracticeRows(world_, book_, 0, 500);
  ASSERT_TRUE(rows.ok());
  const TrainingMatrix& by_user = (*rows)[0];
  const TrainingMatrix& by_retry = (*rows)[1];
  const TrainingMatrix& cancels = (*rows)[2];
  EXPECT_EQ(by_user.width(),
            static_cast<int>(world::kSeenColumns) + kFailureColumns);
  EXPECT_EQ(by_user.values.size(),
            by_user.labels.size() * by_user.columns.size());
  // Whoever did not pay on a day was asked whether to cancel, or was collected.
  EXPECT_EQ(by_user.rows() - by_user.positives() - by_retry.positives(),
            cancels.rows());
  EXPECT_LE(by_user.positives() + by_retry.positives() + cancels.positives(),
            500);
  EXPECT_GT(by_user.positives(), 50);
  EXPECT_GT(by_retry.positives(), 100);
}

TEST_F(PracticeTest, IsRightOnAverageAboutPaymentsItNeverSaw) {
  const auto model = LearnByPractice(
      world_, book_, {.failures = 12'000, .seed = 1, .threads = 2});
  ASSERT_TRUE(model.ok()) << model.status();
  const world::FailureWorld other =
      *world::FailureWorld::Create(kSeed + 1, world::WorldVariant());
  FailureCase known;
  HazardTable hazards;
  double lived = 0, expected = 0;
  constexpr std::uint64_t kPayments = 4'000;
  TrialActions trial;
  for (int day = 1; day <= kUnpaidDays; ++day) {
    DayAction& action = trial.actions[static_cast<std::size_t>(day)];
    action.access = day <= 7 ? Access::kFull : Access::kNone;
    action.attempts = day == 3 || day == 9 || day == 15;
  }
  RecoveryCurve curve;
  for (std::uint64_t number = 0; number < kPayments; ++number) {
    const world::FailedPayment failure = other.Make(number);
    const world::SeenFailure seen = other.See(failure);
    ASSERT_TRUE(book_
                    .Fill(seen,
                          absl::FromUnixSeconds(other.FailedEpochOf(failure)),
                          known)
                    .ok());
    const TrialActions lawful = book_.Lawful(trial, known);
    ASSERT_TRUE((*model)->Fill(seen.values, known.facts, hazards).ok());
    expected += Expect(hazards, known.stakes.stakes, lawful, curve).recovered;
    lived +=
        LiveThrough(other, failure, other.LuckOf(failure), known.stakes, lawful)
            .recovered;
  }
  EXPECT_NEAR(expected / kPayments, lived / kPayments, 0.03);
}

}  // namespace
}  // namespace tenuto
