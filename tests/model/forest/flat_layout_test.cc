#include "model/forest/flat_layout.h"

#include <limits>
#include <vector>

#include "gtest/gtest.h"
#include "model/forest/row_coder.h"

namespace tenuto {
namespace {

constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();

// Column 0 below 1 -> leaf 10; else column 1 below 5 -> leaf 20, else leaf 30.
// Missing goes left first, right second.
Forest SmallForest(int trees) {
  Forest forest;
  forest.columns = 2;
  forest.base_margin = 0.5f;
  for (int t = 0; t < trees; ++t) {
    forest.trees.push_back({{{1, 2, 0, 1, true},
                             {-1, -1, 0, 10, false},
                             {3, 4, 1, 5, false},
                             {-1, -1, 0, 20, false},
                             {-1, -1, 0, 30, false}}});
  }
  return forest;
}

float MarginOf(const Forest& forest, std::vector<float> row) {
  const RankColumns columns = RankColumns::Of({&forest, 1});
  const FlatForest flat(forest, columns);
  std::vector<std::uint8_t> codes(columns.columns().size());
  RowTables(columns).CodeRow(row.data(), codes.data());
  return flat.Margin(codes.data());
}

TEST(FlatForest, GoesLeftBelowAThresholdAndRightFromItOn) {
  const Forest forest = SmallForest(1);
  EXPECT_EQ(MarginOf(forest, {0.999f, 0}), 10.5f);
  EXPECT_EQ(MarginOf(forest, {1, 4.999f}), 20.5f);
  EXPECT_EQ(MarginOf(forest, {1, 5}), 30.5f);
}

TEST(FlatForest, SendsWhatIsMissingTheDefaultWay) {
  const Forest forest = SmallForest(1);
  EXPECT_EQ(MarginOf(forest, {kMissing, kMissing}), 10.5f);
  EXPECT_EQ(MarginOf(forest, {2, kMissing}), 30.5f);
}

TEST(FlatForest, AddsWholeGroupsOfTreesAndTheRest) {
  for (const int trees : {0, 1, 7, 8, 9, 16, 23}) {
    EXPECT_EQ(MarginOf(SmallForest(trees), {1, 0}),
              0.5f + 20 * static_cast<float>(trees));
  }
}

TEST(FlatLayout, HoldsPartsOfATreeByThemselves) {
  const Forest forest = SmallForest(1);
  const RankColumns columns = RankColumns::Of({&forest, 1});
  FlatLayout layout;
  const std::uint32_t leaf = layout.Add(forest.trees[0], 3, columns);
  const std::uint32_t part = layout.Add(forest.trees[0], 2, columns);
  EXPECT_EQ(layout.values()[leaf], 20);
  EXPECT_EQ(layout.nodes()[leaf].left, leaf) << "a leaf leads to itself";
  EXPECT_EQ(layout.nodes()[part].left, part + 1);
  EXPECT_EQ(layout.values()[part + 2], 30);
  EXPECT_EQ(layout.size_bytes(), 4 * 12u);
}

}  // namespace
}  // namespace tenuto
