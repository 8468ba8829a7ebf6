#include "training/grace/dated_columns.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "training/split_mix.h"

namespace tenuto {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Columns: luck; a count that grows with the log; luck, and that count, known
// only later; always missing; always the same.
TrainingMatrix Rows(int count) {
  SplitMix64 random(7);
  TrainingMatrix rows;
  rows.columns = {"luck",        "count",   "luck later",
                  "count later", "missing", "same"};
  for (int r = 0; r < count; ++r) {
    const auto luck = static_cast<float>(random.Below(10));
    const float missing = std::numeric_limits<float>::quiet_NaN();
    const auto grows = static_cast<float>(
        random.Below(20) + static_cast<std::uint64_t>(40 * r / count));
    const bool later = 2 * r >= count;
    for (const float value : {luck, grows, later ? luck : missing,
                              later ? grows : missing, missing, 1.0f}) {
      rows.values.push_back(value);
    }
    rows.labels.push_back(0);
    rows.groups.push_back(static_cast<std::uint64_t>(r));
    rows.times_s.push_back(1'700'000'000 + 1000 * r);
  }
  return rows;
}

TEST(DatedColumns, AreThoseThatGrowWithTheLogAndNotThoseKnownOnlyLater) {
  EXPECT_THAT(FindDatedColumns(Rows(600)), ElementsAre(1, 3));
  EXPECT_THAT(FindDatedColumns(Rows(90)), IsEmpty());
}

TEST(DatedColumns, AreMissingOnceEmptied) {
  TrainingMatrix rows = Rows(200);
  const std::vector<float> luck = {rows.row(0)[0], rows.row(199)[0]};
  EmptyColumns({1, 3}, rows);
  EXPECT_THAT(FindDatedColumns(rows), IsEmpty());
  EXPECT_TRUE(std::isnan(rows.row(199)[1]));
  EXPECT_TRUE(std::isnan(rows.row(199)[3]));
  EXPECT_EQ(rows.row(0)[0], luck[0]);
  EXPECT_EQ(rows.row(199)[0], luck[1]);
}

TEST(DatedColumns, CorrelateRanksAsWorkedOutByHand) {
  EXPECT_DOUBLE_EQ(RankCorrelation({1, 2, 30}, {5, 6, 7}), 1);
  EXPECT_DOUBLE_EQ(RankCorrelation({1, 2, 3, 4}, {4, 3, 2, 1}), -1);
  // Ranks 0, 1.5, 1.5, 3 beside 0, 1, 2, 3.
  EXPECT_DOUBLE_EQ(RankCorrelation({1, 2, 2, 3}, {1, 2, 3, 4}),
                   4.5 / std::sqrt(4.5 * 5));
  EXPECT_EQ(RankCorrelation({1, 1, 1}, {1, 2, 3}), 0);
}

}  // namespace
}  // namespace tenuto
