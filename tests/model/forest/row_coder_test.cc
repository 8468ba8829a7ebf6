#include "model/forest/row_coder.h"

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "model/forest/engine_choice.h"
#include "model/forest/fat_avx512.h"
#include "tests/support/random_forest.h"

namespace tenuto {
namespace {

std::uint8_t NaiveCode(const RankColumn& column, float value) {
  if (std::isnan(value)) return kMissingCode;
  int rank = 0;
  for (const float threshold : column.thresholds) rank += threshold <= value;
  return static_cast<std::uint8_t>(rank);
}

RandomForestShape ShapeOf(std::uint64_t seed) {
  RandomForestShape shape;
  shape.columns = static_cast<int>(1 + seed % 20);
  shape.trees = static_cast<int>(1 + seed * 5 % 60);
  shape.thresholds_per_column = static_cast<int>(1 + seed * 17 % 300);
  return shape;
}

TEST(RowTables, CodeAsCountingDoes) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    const Forest forest = RandomForest(ShapeOf(seed), seed);
    const RankColumns columns = RankColumns::Of({&forest, 1});
    const RowTables tables(columns);
    const auto rows = RandomRows(forest, 40, 0.1, seed);
    std::vector<std::uint8_t> codes(columns.columns().size());
    std::vector<std::uint8_t> again(codes.size());
    for (std::size_t at = 0; at < rows.size();
         at += static_cast<std::size_t>(forest.columns)) {
      tables.CodeRow(&rows[at], codes.data());
      for (std::size_t c = 0; c < codes.size(); ++c) {
        const RankColumn& column = columns.columns()[c];
        const float value = rows[at + static_cast<std::size_t>(column.input)];
        EXPECT_EQ(codes[c], NaiveCode(column, value)) << value;
      }
#if defined(__x86_64__)
      if (DetectCpu() != CpuLevel::kAvx512) continue;
      CodeRowAvx512(tables.view(), &rows[at], again.data());
      EXPECT_EQ(again, codes);
#endif
    }
  }
}

// The search that kernels make in lanes, on one value.
std::size_t Search(const SlicedColumn& column, const float* pivots,
                   float value) {
  std::size_t found = 0;
  std::size_t rank = 0;
  for (std::uint32_t level = 0; level < column.levels; ++level) {
    const float pivot =
        pivots[column.first_pivot + (std::size_t{1} << level) + found];
    const std::size_t outcome = value >= pivot ? 1 : 0;
    found |= outcome << level;
    rank = 2 * rank + outcome;
  }
  return rank;
}

TEST(BlockTables, LeadASearchToTheSameRank) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    const Forest forest = RandomForest(ShapeOf(seed), seed);
    const RankColumns columns = RankColumns::Of({&forest, 1});
    const BlockTables tables(columns, SliceForm::kHalves, 20);
    const SlicedColumnsView view = tables.view();
    ASSERT_EQ(view.columns, columns.columns().size());
    const auto cells = RandomRows(forest, 20, 0, seed);
    for (std::size_t c = 0; c < view.columns; ++c) {
      const RankColumn& column = columns.columns()[c];
      EXPECT_EQ(view.column[c].input, static_cast<std::uint32_t>(column.input));
      EXPECT_EQ(
          view.column[c].levels,
          static_cast<std::uint32_t>(std::bit_width(column.thresholds.size())));
      for (const float cell : cells) {
        EXPECT_EQ(Search(view.column[c], view.pivots, cell),
                  NaiveCode(column, cell));
      }
    }
  }
}

}  // namespace
}  // namespace tenuto
