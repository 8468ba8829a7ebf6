#include "model/forest/grid_forest.h"

#include <bit>
#include <cstddef>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "model/forest/compiled_forest.h"
#include "tests/support/random_forest.h"

namespace tenuto {
namespace {

constexpr int kColumns = 12;
const std::vector<int> kLineColumns = {3, 7, 8};
const std::vector<int> kPlaceColumns = {10, 11};

// Every cell of the grid as a row of its own, through another engine.
std::vector<float> OneByOne(const Forest& forest, const GridForest::Grid& grid,
                            const std::vector<int>& line_columns,
                            const std::vector<int>& place_columns) {
  const auto compiled =
      *CompiledForest::Compile(absl::MakeConstSpan(&forest, 1));
  std::vector<float> rows;
  for (int l = 0; l < grid.line_count; ++l) {
    for (int p = 0; p < grid.place_count; ++p) {
      std::vector<float> row(grid.row.begin(), grid.row.end());
      for (std::size_t k = 0; k < line_columns.size(); ++k) {
        row[static_cast<std::size_t>(line_columns[k])] =
            grid.lines[static_cast<std::size_t>(l) * line_columns.size() + k];
      }
      for (std::size_t k = 0; k < place_columns.size(); ++k) {
        row[static_cast<std::size_t>(place_columns[k])] =
            grid.places[static_cast<std::size_t>(p) * place_columns.size() + k];
      }
      rows.insert(rows.end(), row.begin(), row.end());
    }
  }
  std::vector<float> margins(rows.size() / kColumns);
  std::vector<std::byte> scratch(compiled.ScratchBytes());
  EXPECT_TRUE(compiled
                  .PredictMargins(rows, absl::MakeSpan(margins),
                                  absl::MakeSpan(scratch))
                  .ok());
  return margins;
}

void ExpectSameBits(const Forest& forest, std::vector<int> line_columns,
                    std::vector<int> place_columns, int line_count,
                    int place_count, double missing, std::uint64_t seed) {
  const GridForest grid_forest(forest, line_columns, place_columns);
  std::mt19937_64 random(seed);
  const std::vector<float> cells = RandomRows(forest, 128, missing, seed + 1);
  const auto draw = [&](int column) {
    return cells[(random() % 128) * kColumns +
                 static_cast<std::size_t>(column)];
  };
  std::vector<float> row, lines, places;
  for (int c = 0; c < kColumns; ++c) row.push_back(draw(c));
  for (int l = 0; l < line_count; ++l) {
    for (const int column : line_columns) lines.push_back(draw(column));
  }
  for (int p = 0; p < place_count; ++p) {
    for (const int column : place_columns) places.push_back(draw(column));
  }
  const GridForest::Grid grid = {row, lines, places, line_count, place_count};
  const int stride = GridForest::StrideOf(place_count);
  std::vector<float> margins(static_cast<std::size_t>(line_count * stride));
  grid_forest.Predict(grid, absl::MakeSpan(margins));
  const std::vector<float> expected =
      OneByOne(forest, grid, line_columns, place_columns);
  for (int l = 0; l < line_count; ++l) {
    for (int p = 0; p < place_count; ++p) {
      ASSERT_EQ(std::bit_cast<std::uint32_t>(
                    margins[static_cast<std::size_t>(l * stride + p)]),
                std::bit_cast<std::uint32_t>(
                    expected[static_cast<std::size_t>(l * place_count + p)]))
          << l << " " << p << " seed " << seed;
    }
  }
}

TEST(GridForest, GivesTheBitsOfOtherEnginesForEveryCell) {
  RandomForestShape shape;
  shape.columns = kColumns;
  shape.depth_max = 8;
  shape.trees = 30;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const Forest forest = RandomForest(shape, seed);
    const double missing = seed % 2 == 0 ? 0.2 : 0;
    ExpectSameBits(forest, kLineColumns, kPlaceColumns, 60, 6, missing, seed);
    ExpectSameBits(forest, kLineColumns, kPlaceColumns, 64, 16, missing, seed);
    ExpectSameBits(forest, kLineColumns, kPlaceColumns, 60, 17, missing, seed);
    ExpectSameBits(forest, kLineColumns, kPlaceColumns, 64, 32, missing, seed);
    ExpectSameBits(forest, {0, 3, 10}, {}, 33, 1, missing, seed);
    ExpectSameBits(forest, {}, {1}, 1, 9, missing, seed);
  }
}

TEST(GridForest, AnswersAnEmptyGridAndAForestWithoutTrees) {
  Forest forest;
  forest.columns = 2;
  forest.base_margin = 0.25f;
  const GridForest grid_forest(forest, {1}, {});
  EXPECT_EQ(grid_forest.columns(), 2);
  const std::vector<float> row(2);
  grid_forest.Predict({row, {}, {}, 0, 1}, {});
  const std::vector<float> lines = {1, 2};
  std::vector<float> margins(2 * GridForest::StrideOf(1));
  grid_forest.Predict({row, lines, {}, 2, 1}, absl::MakeSpan(margins));
  EXPECT_EQ(margins[0], 0.25f);
  EXPECT_EQ(margins[GridForest::StrideOf(1)], 0.25f);
}

}  // namespace
}  // namespace tenuto
