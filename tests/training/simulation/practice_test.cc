#include "training/simulation/practice.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

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
  const auto practice = PracticeOn(world_, book_, 0, 500);
  ASSERT_TRUE(practice.ok());
  EXPECT_EQ(practice->ends.size(), 500);
  const TrainingMatrix& by_user = practice->rows[0];
  const TrainingMatrix& by_retry = practice->rows[1];
  const TrainingMatrix& cancels = practice->rows[2];
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

// Whether any cell of a column says something.
bool IsKnown(const TrainingMatrix& matrix, const std::string& column) {
  const auto at = static_cast<std::size_t>(
      std::find(matrix.columns.begin(), matrix.columns.end(), column) -
      matrix.columns.begin());
  EXPECT_LT(at, matrix.columns.size()) << column;
  for (int row = 0; row < matrix.rows(); ++row) {
    if (!std::isnan(matrix.row(row)[at])) return true;
  }
  return false;
}

TEST_F(PracticeTest, ForgetsEffectsThatTheExperimentDoesNotShow) {
  const struct {
    const char* variant;
    bool messages, access;
  } kWorlds[] = {{"", true, true},
                 {"no_messages", false, true},
                 {"no_access", true, false}};
  for (const auto& [name, messages, access] : kWorlds) {
    const world::FailureWorld world =
        *world::FailureWorld::Create(kSeed, *world::WorldVariant::Named(name));
    auto practice = PracticeOn(world, book_, 0, 12'000);
    ASSERT_TRUE(practice.ok());
    ForgetWhatHasNoEffect(practice->ends, practice->rows);
    const TrainingMatrix& by_user = practice->rows[0];
    const TrainingMatrix& cancels = practice->rows[2];
    EXPECT_EQ(IsKnown(by_user, "day_messaged"), messages) << name;
    EXPECT_EQ(IsKnown(cancels, "day_access"), access) << name;
    EXPECT_TRUE(IsKnown(by_user, "day_elapsed"));
    if (!messages) {
      EXPECT_FALSE(IsKnown(cancels, "day_messaged"));
    }
    if (!access) {
      EXPECT_FALSE(IsKnown(by_user, "day_access"));
    }
  }
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
