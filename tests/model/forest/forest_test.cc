#include "model/forest/forest.h"

#include <cmath>
#include <limits>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

ForestNode Leaf(float value) { return {-1, -1, 0, value, false}; }

// Tree 1 splits twice: node 0, then node 2 on the right.
Forest SmallForest() {
  Forest forest;
  forest.columns = 3;
  forest.trees.push_back({{Leaf(0.5f)}});
  forest.trees.push_back({{{1, 2, 0, 1.5f, true},
                           Leaf(1),
                           {3, 4, 2, -kInfinity, false},
                           Leaf(2),
                           Leaf(3)}});
  return forest;
}

std::string Refusal(const Forest& forest) {
  const absl::Status status = ValidateForest(forest);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

// A chain of `depth` splits to the right.
ForestTree Chain(int depth) {
  ForestTree tree;
  for (int k = 0; k < depth; ++k) {
    const std::int32_t next = 2 * k + 1;
    tree.nodes.push_back({next, next + 1, 0, 0, false});
    tree.nodes.push_back(Leaf(0));
  }
  tree.nodes.push_back(Leaf(1));
  return tree;
}

TEST(Forest, IsValidWithInfiniteThresholdsAndTreesOfOneLeaf) {
  EXPECT_TRUE(ValidateForest(SmallForest()).ok());
  EXPECT_TRUE(ValidateForest(Forest()).ok());
}

TEST(Forest, KnowsItsDepthAndSplits) {
  const Forest forest = SmallForest();
  EXPECT_EQ(DepthOf(forest.trees[0]), 0);
  EXPECT_EQ(DepthOf(forest.trees[1]), 2);
  EXPECT_EQ(DepthOf(forest.trees[1], 2), 1);
  EXPECT_EQ(DepthOf(forest), 2);
  EXPECT_EQ(CountSplits({&forest, 1}), 2);
}

TEST(Forest, IsRefusedForLinksThatMakeNoTree) {
  Forest forest = SmallForest();
  forest.trees[1].nodes[2].right = 5;
  EXPECT_EQ(Refusal(forest), "tree 1, node 2: links to node 5 of 5");
  forest.trees[1].nodes[2].right = -1;
  EXPECT_EQ(Refusal(forest), "tree 1, node 2: links to node -1 of 5");
  for (const std::int32_t cycle : {0, 2, 3}) {
    forest.trees[1].nodes[2].right = cycle;
    EXPECT_THAT(Refusal(forest), HasSubstr("two links lead to it")) << cycle;
  }
  forest.trees[1].nodes.clear();
  EXPECT_THAT(Refusal(forest), HasSubstr("tree 1, node 0: the tree has no"));
}

TEST(Forest, IsRefusedForNumbersThatCannotBeCompared) {
  Forest forest = SmallForest();
  forest.trees[1].nodes[0].value = kNan;
  EXPECT_THAT(Refusal(forest), HasSubstr("tree 1, node 0: its threshold"));
  for (const float leaf : {kNan, kInfinity, -kInfinity}) {
    forest = SmallForest();
    forest.trees[1].nodes[4].value = leaf;
    EXPECT_THAT(Refusal(forest), HasSubstr("tree 1, node 4: its leaf value"));
  }
  forest = SmallForest();
  forest.base_margin = kNan;
  EXPECT_THAT(Refusal(forest), HasSubstr("base margin"));
}

TEST(Forest, IsRefusedForAColumnThatRowsDoNotHave) {
  Forest forest = SmallForest();
  for (const std::int32_t column : {-1, 3}) {
    forest.trees[1].nodes[0].column = column;
    EXPECT_THAT(Refusal(forest), HasSubstr("tree 1, node 0: splits on column"));
  }
}

TEST(Forest, IsRefusedWhereItsLeavesCouldOverflowAMargin) {
  Forest forest = SmallForest();
  const float large = std::numeric_limits<float>::max() / 3;
  forest.trees[0].nodes[0].value = large;
  EXPECT_TRUE(ValidateForest(forest).ok());
  forest.trees[1].nodes[3].value = -large;
  EXPECT_THAT(Refusal(forest), HasSubstr("more than a margin can hold"));
}

TEST(Forest, IsRefusedBeyondTheGreatestDepth) {
  Forest forest;
  forest.columns = 1;
  forest.trees = {Chain(kTreeDepthMax)};
  EXPECT_TRUE(ValidateForest(forest).ok());
  EXPECT_EQ(DepthOf(forest), kTreeDepthMax);
  forest.trees = {Chain(kTreeDepthMax + 1)};
  EXPECT_THAT(Refusal(forest), HasSubstr("tree 0, node 32: more than 16"));
}

TEST(Forest, IgnoresNodesThatNoLinkReaches) {
  Forest forest = SmallForest();
  forest.trees[0].nodes.push_back({77, 78, -5, kNan, false});
  EXPECT_TRUE(ValidateForest(forest).ok());
  EXPECT_EQ(CountSplits({&forest, 1}), 2);
}

}  // namespace
}  // namespace tenuto
