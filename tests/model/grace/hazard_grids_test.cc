#include "model/grace/hazard_grids.h"

#include <bit>
#include <limits>
#include <set>
#include <vector>

#include "gtest/gtest.h"
#include "model/forest/compiled_forest.h"
#include "tests/support/random_forest.h"

namespace tenuto {
namespace {

constexpr int kRowWidth = 6;

class HazardGridsTest : public ::testing::Test {
 protected:
  HazardGridsTest() {
    payment_.failed = absl::FromUnixSeconds(1'717'581'600);
    payment_.decline_class = v1::DECLINE_CLASS_SOFT;
    payment_.amount_minor = 3;
  }
  static std::array<Forest, 3> Forests() {
    RandomForestShape shape;
    shape.columns = kRowWidth + kFailureColumns;
    // Days and choices are small whole numbers.
    shape.odd_thresholds = false;
    return {RandomForest(shape, 1), RandomForest(shape, 2),
            RandomForest(shape, 3)};
  }
  // As a row of its own, through another engine.
  float Expected(int hazard, int day, const DayChoice& choice) const {
    std::vector<float> row = row_;
    row.resize(kRowWidth + kFailureColumns);
    WriteFailureColumns(payment_, day, choice,
                        absl::MakeSpan(row).last(kFailureColumns));
    const auto compiled = *CompiledForest::Compile(
        absl::MakeConstSpan(&forests_[static_cast<std::size_t>(hazard)], 1));
    float margin = 0;
    std::vector<std::byte> scratch(compiled.ScratchBytes());
    EXPECT_TRUE(compiled
                    .PredictMargins(row, absl::MakeSpan(&margin, 1),
                                    absl::MakeSpan(scratch))
                    .ok());
    return margin;
  }

  const std::array<Forest, 3> forests_ = Forests();
  const HazardGrids grids_{forests_};
  FailedPayment payment_;
  const std::vector<float> row_ = {
      1, -2, std::numeric_limits<float>::quiet_NaN(), 4, 0, 100};
};

TEST_F(HazardGridsTest, SayWhatEveryRowAloneWouldSay) {
  for (const int decided : {0, 29}) {
    payment_.decided_day = decided;
    payment_.payday = decided == 0 ? UsualPayday::Monthly(20) : UsualPayday();
    HazardMargins margins;
    grids_.Ask(row_, payment_, kUnpaidDays, true, margins);
    EXPECT_EQ(margins.first_day, decided + 1);
    EXPECT_EQ(margins.last_day, kUnpaidDays);
    for (int day = decided + 1; day <= kUnpaidDays; day += 7) {
      for (const Access access :
           {Access::kNone, Access::kReduced, Access::kFull}) {
        for (const bool messaged : {false, true}) {
          const DayChoice choice = DayChoice::OfAccess(access, messaged);
          EXPECT_EQ(margins.by_user(day, access, messaged),
                    Expected(0, day, choice));
          EXPECT_EQ(margins.cancels(day, access, messaged),
                    Expected(2, day, choice));
        }
      }
      EXPECT_EQ(margins.by_retry(day, 0, HazardTable::GapIndex(day)),
                Expected(1, day, DayChoice::OfAttempt(payment_, day, 1, day)));
      for (int attempts = 2; attempts <= 4; ++attempts) {
        for (int since = 1; since < day; ++since) {
          EXPECT_EQ(
              margins.by_retry(day, HazardTable::CountIndex(attempts),
                               HazardTable::GapIndex(since)),
              Expected(1, day,
                       DayChoice::OfAttempt(payment_, day, attempts, since)))
              << day << " " << attempts << " " << since;
        }
      }
    }
  }
}

// What another payment left there would be read.
TEST_F(HazardGridsTest, TellNothingOfAttemptsThatWereNotAskedFor) {
  HazardMargins margins;
  grids_.Ask(row_, payment_, kUnpaidDays, true, margins);
  grids_.Ask(row_, payment_, kUnpaidDays, false, margins);
  EXPECT_DEATH(margins.by_retry(1, 0, 0), "not asked for");
}

// What is not listed is not proven when a bundle is opened.
TEST_F(HazardGridsTest, ListEveryGridOnceUnderItsForest) {
  std::set<const GridForest*> grids;
  for (const std::size_t hazard : {0u, 1u, 2u}) {
    const std::vector<const GridForest*> of = grids_.GridsOf(hazard);
    EXPECT_EQ(of.size(), hazard == 1 ? 2U : 1U);
    grids.insert(of.begin(), of.end());
  }
  EXPECT_EQ(grids.size(), 4U);
}

TEST_F(HazardGridsTest, AskNothingWhereNoDayIsLeft) {
  payment_.decided_day = 30;
  HazardMargins margins;
  grids_.Ask(row_, payment_, 30, true, margins);
  EXPECT_GT(margins.first_day, margins.last_day);
}

}  // namespace
}  // namespace tenuto
