#include "model/forest/rank_columns.h"

#include <limits>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/random_forest.h"

namespace tenuto {
namespace {

using ::testing::ElementsAre;

// A stump on each (column, threshold).
Forest Stumps(int columns, std::vector<std::pair<int, float>> splits) {
  Forest forest;
  forest.columns = columns;
  for (const auto& [column, threshold] : splits) {
    forest.trees.push_back({{{1, 2, column, threshold, true},
                             {-1, -1, 0, 1, false},
                             {-1, -1, 0, 2, false}}});
  }
  return forest;
}

TEST(RankColumns, HoldEachThresholdOnceInOrder) {
  const Forest forest =
      Stumps(4, {{2, 5}, {0, 1}, {2, -3}, {2, 5}, {0, 7}, {2, 0}});
  const RankColumns columns = RankColumns::Of({&forest, 1});
  ASSERT_EQ(columns.columns().size(), 2u);
  EXPECT_EQ(columns.columns()[0].input, 0);
  EXPECT_THAT(columns.columns()[0].thresholds, ElementsAre(1, 7));
  EXPECT_EQ(columns.columns()[1].input, 2);
  EXPECT_THAT(columns.columns()[1].thresholds, ElementsAre(-3, 0, 5));
  EXPECT_EQ(columns.Find(2, 5).column, 1u);
  EXPECT_EQ(columns.Find(2, 5).rank, 2);
}

TEST(RankColumns, TakeMinusZeroForZero) {
  const Forest forest = Stumps(1, {{0, 0.0f}, {0, -0.0f}});
  const RankColumns columns = RankColumns::Of({&forest, 1});
  EXPECT_EQ(columns.columns()[0].thresholds.size(), 1u);
  EXPECT_EQ(columns.Find(0, -0.0f).rank, 0);
}

TEST(RankColumns, AreSharedByForestsOverTheSameRows) {
  const Forest forests[] = {Stumps(2, {{0, 1}, {1, 2}}),
                            Stumps(2, {{0, 3}, {0, 1}})};
  const RankColumns columns = RankColumns::Of(forests);
  EXPECT_THAT(columns.columns()[0].thresholds, ElementsAre(1, 3));
  EXPECT_THAT(columns.columns()[1].thresholds, ElementsAre(2));
}

TEST(RankColumns, SplitAnInputWithMoreThresholdsThanAByteCounts) {
  std::vector<std::pair<int, float>> splits;
  for (int t = 0; t < 600; ++t) splits.emplace_back(0, static_cast<float>(t));
  splits.emplace_back(1, 0.5f);
  const Forest forest = Stumps(2, splits);
  const RankColumns columns = RankColumns::Of({&forest, 1});
  ASSERT_EQ(columns.columns().size(), 4u);
  for (int t = 0; t < 600; ++t) {
    const RankedSplit split = columns.Find(0, static_cast<float>(t));
    EXPECT_EQ(columns.columns()[split.column].thresholds[split.rank],
              static_cast<float>(t));
    EXPECT_LT(split.rank, kThresholdsPerColumnMax);
  }
  EXPECT_EQ(columns.Find(1, 0.5f).column, 3u);
}

TEST(RankColumns, IgnoreNodesThatNoLinkReaches) {
  Forest forest = Stumps(1, {{0, 1}});
  forest.trees[0].nodes.push_back({1, 2, 99, 5, false});
  EXPECT_EQ(RankColumns::Of({&forest, 1}).columns().size(), 1u);
}

}  // namespace
}  // namespace tenuto
