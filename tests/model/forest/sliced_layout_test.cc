#include "model/forest/sliced_layout.h"

#include <bit>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "model/forest/flat_layout.h"
#include "model/forest/row_coder.h"
#include "tests/support/random_forest.h"

namespace tenuto {
namespace {

float LeafAt(const SlicedForestView& view, const SlicedTree& tree,
             std::size_t path) {
  if (view.leaves != nullptr) return view.leaves[tree.first_leaf + path];
  const std::size_t size =
      std::max<std::size_t>(16, std::size_t{1} << tree.depth);
  std::uint32_t bits = 0;
  for (std::size_t b = 0; b < 4; ++b) {
    bits |= std::uint32_t{view.leaf_bytes[tree.first_leaf + b * size + path]}
            << (8 * b);
  }
  return std::bit_cast<float>(bits);
}

// Is a row of these codes in the slice?
bool IsIn(const SlicedColumnsView& columns, std::uint32_t slice,
          const std::uint8_t* codes) {
  for (std::size_t c = 0; c < columns.columns && slice > 0; ++c) {
    const SlicedColumn& column = columns.column[c];
    const std::uint32_t count =
        column.whole > 0 ? column.whole + 1 : column.lows + 3 * column.halves;
    if (slice >= column.first_slice + count) continue;
    const bool missing = codes[c] == kMissingCode;
    const unsigned rank = missing ? 0 : codes[c];
    const std::uint32_t place = slice - column.first_slice;
    if (column.whole > 0) return place == column.whole ? missing : rank > place;
    if (place < column.lows) return rank % 16 > place;
    const std::uint32_t half = (place - column.lows) / 3;
    switch ((place - column.lows) % 3) {
      case 0:
        return rank / 16 == half;
      case 1:
        return rank / 16 > half;
      default:
        return rank / 16 > half || missing;
    }
  }
  return false;
}

// What the kernels compute, one row at a time.
float Walk(const SlicedColumnsView& columns, const SlicedForestView& view,
           const std::uint8_t* codes) {
  float margin = view.base_margin;
  for (std::size_t t = 0; t < view.trees; ++t) {
    const SlicedTree& tree = view.tree[t];
    std::size_t slot = 1;
    std::size_t path = 0;
    for (std::uint32_t level = 0; level < tree.depth; ++level) {
      const SlicedSplit& split = view.splits[tree.first_split + slot];
      const std::size_t way =
          IsIn(columns, split.above, codes) ||
                  (IsIn(columns, split.equal, codes) &&
                   (view.whole || IsIn(columns, split.low, codes)))
              ? 1
              : 0;
      slot = 2 * slot + way;
      path |= way << level;
    }
    margin += LeafAt(view, tree, path);
  }
  return margin;
}

TEST(SlicedForest, HoldsTheSameForestAsFlatNodes) {
  for (const int depth : {0, 1, 2, 4, 5, 6, 8}) {
    SCOPED_TRACE(depth);
    RandomForestShape shape;
    shape.depth_max = depth;
    shape.trees = 25;
    shape.thresholds_per_column = 60;
    const auto seed = static_cast<std::uint64_t>(depth + 1);
    const Forest forest = RandomForest(shape, seed);
    const RankColumns columns = RankColumns::Of({&forest, 1});
    const FlatForest flat(forest, columns);
    const RowTables coder(columns);
    const auto rows = RandomRows(forest, 50, 0.2, seed);
    std::vector<std::uint8_t> codes(columns.columns().size() + 1);
    for (const auto& [slices, leaves] :
         {std::pair(SliceForm::kHalves, LeafForm::kFloats),
          {SliceForm::kHalves, LeafForm::kBytePlanes},
          {SliceForm::kWhole, LeafForm::kFloats},
          {SliceForm::kWhole, LeafForm::kBytePlanes}}) {
      const BlockTables blocks(columns, slices, 10);
      const SlicedForest sliced(forest, columns, slices, leaves);
      for (std::size_t r = 0; r < 50; ++r) {
        coder.CodeRow(&rows[10 * r], codes.data());
        EXPECT_EQ(Walk(blocks.view(), sliced.view(), codes.data()),
                  flat.Margin(codes.data()));
      }
    }
  }
}

TEST(PlaceSlices, GivesAColumnWhatItsThresholdsAsk) {
  for (const auto& [thresholds, slices] :
       {std::pair(1, 4u), {15, 18u}, {16, 19u}, {17, 22u}, {254, 64u}}) {
    Forest forest;
    forest.columns = 1;
    for (int t = 0; t < thresholds; ++t) {
      forest.trees.push_back(
          {{{1, 2, 0, static_cast<float>(t), false}, {}, {}}});
    }
    const RankColumns columns = RankColumns::Of({&forest, 1});
    const auto first = PlaceSlices(columns, SliceForm::kHalves);
    ASSERT_EQ(first.size(), 2u);
    EXPECT_EQ(first[0], 1u);
    EXPECT_EQ(first[1], 1 + slices) << thresholds;
    const auto whole = PlaceSlices(columns, SliceForm::kWhole);
    EXPECT_EQ(whole.back(), 2u + static_cast<unsigned>(thresholds));
  }
}

TEST(ChooseSlices, MakesThemWholeWhereManySplitsShareThem) {
  RandomForestShape shape;
  shape.columns = 128;
  shape.thresholds_per_column = 200;
  shape.trees = 200;
  const Forest forest = RandomForest(shape, 1);
  const RankColumns columns = RankColumns::Of({&forest, 1});
  EXPECT_EQ(ChooseSlices(columns, 1'000), SliceForm::kHalves);
  EXPECT_EQ(ChooseSlices(columns, 1'000'000), SliceForm::kWhole);
  shape.columns = 300;
  shape.trees = 2'000;
  const Forest wide = RandomForest(shape, 1);
  EXPECT_EQ(ChooseSlices(RankColumns::Of({&wide, 1}), 1'000'000),
            SliceForm::kHalves)
      << "more than a thread's scratch";
}

}  // namespace
}  // namespace tenuto
