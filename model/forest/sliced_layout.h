// Bit slices: one bit a row, hundreds of rows an instruction. For every
// distinct test of the forest one mask of rows that go right; a tree then
// selects among masks until the rows' leaves stand as bits of a number.
// Thread-safe: immutable after it is built.
#ifndef TENUTO_MODEL_FOREST_SLICED_LAYOUT_H_
#define TENUTO_MODEL_FOREST_SLICED_LAYOUT_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/forest/forest.h"
#include "model/forest/forest_views.h"
#include "model/forest/line_vector.h"
#include "model/forest/rank_columns.h"

namespace tenuto {

enum class LeafForm { kFloats, kBytePlanes };

class SlicedForest {
 public:
  // Trees of at most kSlicedDepthMax. `form` is what the kernel reads.
  SlicedForest(const Forest& forest, const RankColumns& columns, LeafForm form);

  SlicedForestView view() const;
  std::size_t size_bytes() const;

 private:
  // A mask's column, rank and default side as one ordered number.
  using Test = std::uint64_t;
  struct Expanded {  // One tree, filled up to its depth.
    int depth;
    std::vector<Test> tests;    // In heap order from 1; 0 where it ends early.
    std::vector<float> leaves;  // By path bits.
  };

  static Expanded Expand(const ForestTree& tree, const RankColumns& columns);
  void AddChunk(const std::vector<Expanded>& trees, std::vector<Test> tests,
                const RankColumns& columns);
  void AddLeaves(const std::vector<float>& leaves, LeafForm form);

  float base_margin_;
  LeafForm form_;
  std::vector<SlicedChunk> chunks_;
  std::vector<SlicedRun> runs_;
  std::vector<SlicedMask> masks_;
  std::vector<SlicedTree> trees_;
  std::vector<std::uint16_t> slots_;
  LineVector<float> leaves_;
  LineVector<std::uint8_t> leaf_bytes_;
};

}  // namespace tenuto

#endif  // TENUTO_MODEL_FOREST_SLICED_LAYOUT_H_
