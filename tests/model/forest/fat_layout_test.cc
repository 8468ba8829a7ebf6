#include "model/forest/fat_layout.h"

#include <vector>

#include "gtest/gtest.h"
#include "model/forest/row_coder.h"
#include "tests/support/random_forest.h"

namespace tenuto {
namespace {

// What the kernel computes, a slot at a time.
float Walk(const FatView& view, const std::uint8_t* codes) {
  float margin = view.base_margin;
  const std::size_t size = std::size_t{1} << view.levels;
  for (std::size_t t = 0; t < view.trees; ++t) {
    std::size_t slot = 1;
    for (int level = 0; level < view.levels; ++level) {
      const std::size_t at = t * size + slot;
      const auto shift = static_cast<std::uint8_t>(
          view.default_left[at / kFatSlots] >> (at % kFatSlots) & 1);
      const auto code =
          static_cast<std::uint8_t>(codes[view.columns[at]] + shift);
      slot = 2 * slot + (code > view.limits[at] ? 1 : 0);
    }
    const std::size_t exit = t * size + slot - size;
    if (view.exits == nullptr) {
      margin += view.leaves[exit];
      continue;
    }
    std::uint32_t node = view.exits[exit];
    for (int step = view.tail_steps[t / kFatTreesAtOnce]; step > 0; --step) {
      const FlatNode& flat = view.tail_nodes[node];
      const auto code =
          static_cast<std::uint8_t>(codes[flat.column] + flat.shift);
      node = flat.left + (code > flat.limit ? 1 : 0);
    }
    margin += view.tail_values[node];
  }
  return margin;
}

TEST(FatForest, HoldsTheSameForestAsFlatNodes) {
  for (const int depth : {0, 1, 3, 4, 5, 6, 7, 11}) {
    SCOPED_TRACE(depth);
    RandomForestShape shape;
    shape.depth_max = depth;
    shape.trees = 21;
    shape.leaf_share = depth > 7 ? 0.3 : 0.05;
    const auto seed = static_cast<std::uint64_t>(depth + 1);
    const Forest forest = RandomForest(shape, seed);
    const RankColumns columns = RankColumns::Of({&forest, 1});
    const FatForest fat(forest, columns);
    const FlatForest flat(forest, columns);
    const RowTables coder(columns);
    const auto rows = RandomRows(forest, 50, 0.2, seed);
    std::vector<std::uint8_t> codes(columns.columns().size() + 1);
    for (std::size_t r = 0; r < 50; ++r) {
      coder.CodeRow(&rows[10 * r], codes.data());
      EXPECT_EQ(Walk(fat.view(), codes.data()), flat.Margin(codes.data()));
    }
  }
}

TEST(FatForest, PacksShallowTreesIntoOneBlock) {
  RandomForestShape shape;
  shape.trees = 16;
  shape.leaf_share = 0;
  for (const auto& [depth, blocks] :
       {std::pair(2, 2u), {3, 2u}, {4, 4u}, {5, 8u}, {6, 16u}, {7, 16u}}) {
    shape.depth_max = depth;
    const Forest forest = RandomForest(shape, 7);
    const FatForest fat(forest, RankColumns::Of({&forest, 1}));
    EXPECT_EQ(fat.view().blocks, blocks) << depth;
  }
}

}  // namespace
}  // namespace tenuto
