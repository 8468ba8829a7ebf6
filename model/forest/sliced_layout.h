// Bit slices: one bit a row, hundreds of rows an instruction. For every
// distinct test of the forest one mask of rows that go right; a tree then
// selects among masks until the rows' leaves stand as bits of a number.
// Thread-safe: immutable after it is built.
#ifndef TENUTO_MODEL_FOREST_SLICED_LAYOUT_H_
#define TENUTO_MODEL_FOREST_SLICED_LAYOUT_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "model/forest/forest.h"
#include "model/forest/forest_views.h"
#include "model/forest/line_vector.h"
#include "model/forest/rank_columns.h"

namespace tenuto {

enum class LeafForm { kFloats, kBytePlanes };

// Of a split's test: two slices of a rank's halves, which are few and soon
// made, or the test itself, of which many trees then fetch one line instead of
// three.
enum class SliceForm { kHalves, kWhole };

// What costs less for so many splits.
SliceForm ChooseSlices(const RankColumns& columns, std::size_t splits);
// Where the slices of each column start, and at the end how many there are.
std::vector<std::uint32_t> PlaceSlices(const RankColumns& columns,
                                       SliceForm form);
// How many of them compare the low half of a rank, and with how many high ones.
std::uint32_t SliceLows(const RankColumn& column);
std::uint32_t SliceHalves(const RankColumn& column);

class SlicedForest {
 public:
  // Trees of at most kSlicedDepthMax, and at most kSlicesMax slices. `form` is
  // what the kernel reads.
  SlicedForest(const Forest& forest, const RankColumns& columns,
               SliceForm slices, LeafForm form);

  SlicedForestView view() const;
  std::size_t size_bytes() const;

 private:
  void AddTree(const ForestTree& tree, const RankColumns& columns,
               absl::Span<const std::uint32_t> first_slices);
  SlicedSplit SplitOf(const ForestNode& node, const RankColumns& columns,
                      absl::Span<const std::uint32_t> first_slices) const;
  void AddLeaves(const std::vector<float>& leaves);

  float base_margin_;
  SliceForm slices_;
  LeafForm form_;
  std::vector<SlicedTree> trees_;
  std::vector<SlicedSplit> splits_;
  LineVector<float> leaves_;
  LineVector<std::uint8_t> leaf_bytes_;
};

}  // namespace tenuto

#endif  // TENUTO_MODEL_FOREST_SLICED_LAYOUT_H_
