// A forest that is asked a grid of rows at once: all share most columns, some
// columns depend on a row's line, some on its place in the line. Each tree is
// walked once, with the set of lines and places that are still together, so
// that thousands of rows cost little more than a few. The same bits as any
// other engine: every margin adds its leaves in the order of the trees.
// Thread-safe: immutable after it is built.
#ifndef TENUTO_MODEL_FOREST_GRID_FOREST_H_
#define TENUTO_MODEL_FOREST_GRID_FOREST_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "model/forest/forest.h"

namespace tenuto {

class GridForest {
 public:
  static constexpr int kLinesMax = 64;
  static constexpr int kPlacesMax = 32;
  // Margins from a line to the next, where a line has so many places.
  static constexpr int StrideOf(int place_count) {
    return place_count <= 8 ? 8 : place_count <= 16 ? 16 : 32;
  }

  // A valid forest; the columns that depend on the line, and on the place.
  GridForest(const Forest& forest, std::vector<int> line_columns,
             std::vector<int> place_columns);

  // What is asked. `lines` and `places` hold, one after the other, the values
  // of their columns in the order given above; in `row` those are ignored.
  struct Grid {
    absl::Span<const float> row;
    absl::Span<const float> lines;
    absl::Span<const float> places;
    int line_count = 0;
    int place_count = 0;
  };
  // Of line l and place p at [l * StrideOf(place_count) + p]; what lies beyond
  // the grid is anything. line_count strides of them. Allocates only at a
  // thread's first calls.
  void Predict(const Grid& grid, absl::Span<float> margins) const;

  int columns() const { return columns_; }
  absl::Span<const int> line_columns() const { return line_columns_; }
  absl::Span<const int> place_columns() const { return place_columns_; }

 private:
  enum class Kind : std::uint8_t { kLeaf, kShared, kLine, kPlace };
  struct Node {
    float value = 0;  // Threshold of a shared column, or what a leaf adds.
    std::int32_t left = 0;
    std::int32_t right = 0;
    std::int32_t column = 0;  // Shared: of the row; else of its kind.
    std::int32_t split = 0;   // Of a line or place: which mask.
    Kind kind = Kind::kLeaf;
    bool default_left = false;
  };
  // One comparison of a line's or a place's column, for all of them at once.
  struct Split {
    int column;
    float threshold;
  };
  struct Masks;
  struct Part;

  void Add(const ForestTree& tree);
  static std::int32_t SplitOf(int column, float threshold,
                              std::vector<Split>& splits);
  static void Compare(const std::vector<Split>& splits,
                      absl::Span<const float> values, int count,
                      std::size_t width, std::vector<std::uint64_t>& below,
                      std::vector<std::uint64_t>& missing);
  void AddTree(std::int32_t root, absl::Span<const float> row,
               const Masks& masks, const Part& all, int stride,
               float* margins) const;

  int columns_;
  float base_margin_;
  std::vector<int> line_columns_;
  std::vector<int> place_columns_;
  std::vector<Split> line_splits_;
  std::vector<Split> place_splits_;
  std::vector<std::int32_t> roots_;
  std::vector<Node> nodes_;
};

}  // namespace tenuto

#endif  // TENUTO_MODEL_FOREST_GRID_FOREST_H_
