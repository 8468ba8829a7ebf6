#include "model/forest/split_layout.h"

#include <cmath>
#include <limits>
#include <vector>

#include "gtest/gtest.h"
#include "model/forest/path_forest.h"
#include "tests/support/random_forest.h"

namespace tenuto {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::vector<const ForestTree*> TreesOf(const Forest& forest) {
  std::vector<const ForestTree*> trees;
  for (const ForestTree& tree : forest.trees) {
    if (!tree.nodes[0].is_leaf()) trees.push_back(&tree);
  }
  return trees;
}

// The leaf that a row comes to in one lane of a group.
float LeafOf(const SplitGroups& trees, const SplitGroups::Group& group,
             std::size_t lane, const float* row) {
  std::size_t step = group.first_step;
  std::size_t leaf = group.first_leaf / kPathLanes;
  for (std::size_t left = group.depth; left > 0; --left) {
    const SplitStep& split = trees.steps[step];
    const float value = row[split.column[lane]];
    const bool goes_left = std::isnan(value) ? split.default_left[lane] != 0
                                             : !(value >= split.limit[lane]);
    const std::size_t half = std::size_t{1} << (left - 1);
    step += goes_left ? 1 : half;
    leaf += goes_left ? 0 : half;
  }
  return trees.leaves[leaf * kPathLanes + lane];
}

float MarginOf(const ForestTree& tree, const float* row) {
  std::int32_t at = 0;
  for (;;) {
    const ForestNode& node = tree.nodes[static_cast<std::size_t>(at)];
    if (node.is_leaf()) return node.value;
    const float value = row[node.column];
    const bool left =
        std::isnan(value) ? node.default_left : value < node.value;
    at = left ? node.left : node.right;
  }
}

TEST(SplitLayout, LeadsEveryRowToTheLeavesOfItsTrees) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    RandomForestShape shape;
    shape.trees = 37;
    shape.depth_max = 1 + static_cast<int>(seed % 8);
    shape.leaf_share = 0.3;
    const Forest forest = RandomForest(shape, seed);
    const std::vector<const ForestTree*> trees = TreesOf(forest);
    const SplitGroups groups = LayOutSplits(trees);
    ASSERT_EQ(groups.groups.size(), (trees.size() + 15) / 16);
    const std::vector<float> rows = RandomRows(forest, 30, 0.2, seed);
    for (std::size_t r = 0; r < 30; ++r) {
      const float* const row = &rows[10 * r];
      double expected = 0, found = 0;
      for (const ForestTree* tree : trees) {
        expected += static_cast<double>(MarginOf(*tree, row));
      }
      for (const SplitGroups::Group& group : groups.groups) {
        for (std::size_t lane = 0; lane < kPathLanes; ++lane) {
          found += static_cast<double>(LeafOf(groups, group, lane, row));
        }
      }
      ASSERT_NEAR(found, expected, 1e-12) << "seed " << seed << ", row " << r;
    }
  }
}

// Filled up or not, however often a path asks for one column.
TEST(SplitLayout, GivesColumnsWhatThePathsDo) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    RandomForestShape shape;
    shape.columns = seed % 2 == 0 ? 3 : 10;
    shape.depth_max = 9 + static_cast<int>(seed % 2);
    shape.leaf_share = 0.45;
    const Forest forest = RandomForest(shape, seed);
    const PathForest paths = *PathForest::Compile(forest);
    const SplitGroups groups = LayOutSplits(TreesOf(forest));
    // Some of the trees are paths there.
    EXPECT_LT(paths.size_bytes(), groups.steps.size() * sizeof(SplitStep));
    const auto width = static_cast<std::size_t>(shape.columns);
    const std::vector<float> rows = RandomRows(forest, 10, 0.2, seed);
    for (std::size_t r = 0; r < 10; ++r) {
      const auto row = absl::MakeConstSpan(rows).subspan(width * r, width);
      std::vector<float> expected(width + 1);
      ASSERT_TRUE(paths.Contributions(row, absl::MakeSpan(expected)).ok());
      std::vector<double> found(width, 0.0);
      AddSplitsPortable(groups, row.data(), found.data());
      for (std::size_t c = 0; c < width; ++c) {
        ASSERT_NEAR(found[c], expected[c], 2e-6)
            << "seed " << seed << ", row " << r << ", column " << c;
      }
    }
  }
}

TEST(SplitLayout, IsChosenForFullTreesAndNotForLeanOnes) {
  RandomForestShape shape;
  shape.trees = 1;
  shape.columns = 200;
  shape.leaf_share = 0;
  for (shape.depth_max = 2; shape.depth_max <= 8; ++shape.depth_max) {
    const ForestTree full = RandomForest(shape, 1).trees[0];
    // All its paths, were their columns all different.
    const auto depth = static_cast<std::size_t>(shape.depth_max);
    EXPECT_TRUE(IsBetterAsSplits(full, depth << depth));
  }
  ForestTree chain;  // One split a level.
  for (std::int32_t level = 0; level < 10; ++level) {
    chain.nodes.push_back({2 * level + 1, 2 * level + 2, level, 0, true, 2});
    chain.nodes.push_back({});
  }
  chain.nodes.push_back({});
  // A split's left child is the next leaf, its right one the next split.
  EXPECT_FALSE(IsBetterAsSplits(chain, 65));
  EXPECT_FALSE(IsBetterAsSplits(ForestTree{{ForestNode{}}}, 0));
}

TEST(SplitLayout, HalvesWhereNoTrainingRowCameBy) {
  ForestTree tree;
  tree.nodes = {{1, 2, 0, 0, true, 0}, {}, {}};
  EXPECT_EQ(TrainingShare(tree, 0, 1), 0.5);
  tree.nodes[0].cover = 8;
  tree.nodes[1].cover = 2;
  tree.nodes[2].cover = 9;  // More than came by: rounding.
  EXPECT_EQ(TrainingShare(tree, 0, 1), 0.25);
  EXPECT_EQ(TrainingShare(tree, 0, 2), 1.0);
}

TEST(SplitLayout, FillsUpWithSplitsThatAllRowsPassToTheLeft) {
  Forest forest;
  forest.columns = 1;
  for (int trees = 0; trees < 2; ++trees) {
    forest.trees.push_back(
        {{{1, 2, 0, 0, true, 2}, {-1, -1, 0, 1, false, 1}, {-1, -1, 0, 2}}});
  }
  // The second goes on where the first ends.
  std::vector<ForestNode>& nodes = forest.trees[1].nodes;
  nodes[2] = {3, 4, 0, 5, false, 1};
  nodes.push_back({-1, -1, 0, 3, false, 0.5f});
  nodes.push_back({-1, -1, 0, 4, false, 0.5f});
  const SplitGroups groups = LayOutSplits(TreesOf(forest));
  ASSERT_EQ(groups.groups.size(), 1u);
  const SplitGroups::Group& group = groups.groups[0];
  EXPECT_EQ(group.depth, 2u);
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const float value : {-kInfinity, -1.0f, 3.0f, 7.0f, kInfinity, kNan}) {
    EXPECT_EQ(LeafOf(groups, group, 0, &value), value >= 0 ? 2 : 1) << value;
    EXPECT_EQ(LeafOf(groups, group, 1, &value), !(value >= 0) ? 1
                                                : value < 5   ? 3
                                                              : 4)
        << value;
    EXPECT_EQ(LeafOf(groups, group, 2, &value), 0) << value;
  }
}

}  // namespace
}  // namespace tenuto
