#include "model/forest/sliced_layout.h"

#include <bit>
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

// What the kernels compute, one row and one mask at a time.
float Walk(const SlicedForestView& view, const std::uint8_t* codes) {
  float margin = view.base_margin;
  const SlicedRun* run = view.runs;
  const SlicedMask* mask = view.masks;
  const SlicedTree* tree = view.trees;
  for (std::size_t c = 0; c < view.chunks; ++c) {
    std::vector<std::size_t> goes_right = {0};
    for (std::uint32_t r = 0; r < view.chunk[c].runs; ++r, ++run) {
      for (std::uint32_t k = 0; k < run->masks; ++k, ++mask) {
        const std::uint8_t code = codes[run->column];
        goes_right.push_back(code == kMissingCode ? 1 - mask->default_left
                             : code > mask->rank  ? 1
                                                  : 0);
      }
    }
    EXPECT_LE(goes_right.size(), kSlicedMasksMax);
    for (std::uint32_t t = 0; t < view.chunk[c].trees; ++t, ++tree) {
      std::size_t slot = 1;
      std::size_t path = 0;
      for (std::uint32_t level = 0; level < tree->depth; ++level) {
        const std::size_t way =
            goes_right[view.slots[tree->first_slot + slot] / 8u];
        slot = 2 * slot + way;
        path |= way << level;
      }
      margin += LeafAt(view, *tree, path);
    }
  }
  return margin;
}

TEST(SlicedForest, HoldsTheSameForestAsFlatNodes) {
  for (const int depth : {0, 1, 2, 4, 5, 6, 8}) {
    SCOPED_TRACE(depth);
    RandomForestShape shape;
    shape.depth_max = depth;
    shape.trees = 25;
    const auto seed = static_cast<std::uint64_t>(depth + 1);
    const Forest forest = RandomForest(shape, seed);
    const RankColumns columns = RankColumns::Of({&forest, 1});
    const FlatForest flat(forest, columns);
    const RowTables coder(columns);
    const auto rows = RandomRows(forest, 50, 0.2, seed);
    std::vector<std::uint8_t> codes(columns.columns().size() + 1);
    for (const LeafForm form : {LeafForm::kFloats, LeafForm::kBytePlanes}) {
      const SlicedForest sliced(forest, columns, form);
      for (std::size_t r = 0; r < 50; ++r) {
        coder.CodeRow(&rows[10 * r], codes.data());
        EXPECT_EQ(Walk(sliced.view(), codes.data()), flat.Margin(codes.data()));
      }
    }
  }
}

TEST(SlicedForest, ClosesAChunkBeforeItsMasksOverflow) {
  RandomForestShape shape;
  shape.trees = 120;
  shape.columns = 200;
  shape.depth_max = 8;
  shape.leaf_share = 0;
  shape.thresholds_per_column = 200;
  const Forest forest = RandomForest(shape, 9);
  const RankColumns columns = RankColumns::Of({&forest, 1});
  const SlicedForest sliced(forest, columns, LeafForm::kFloats);
  const FlatForest flat(forest, columns);
  EXPECT_GT(sliced.view().chunks, 2u);
  std::vector<std::uint8_t> codes(columns.columns().size());
  const auto row = RandomRows(forest, 1, 0.1, 9);
  RowTables(columns).CodeRow(row.data(), codes.data());
  EXPECT_EQ(Walk(sliced.view(), codes.data()), flat.Margin(codes.data()));
}

}  // namespace
}  // namespace tenuto
