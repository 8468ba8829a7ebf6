// Compiled forests as plain pointers: what the kernels read. Their files are
// compiled for processors this one may not be, so they share no inline function
// and no container with the rest: the linker might keep their copy.
// Thread-safe: a kernel only reads what a view points to.
#ifndef TENUTO_MODEL_FOREST_FOREST_VIEWS_H_
#define TENUTO_MODEL_FOREST_FOREST_VIEWS_H_

#include <cstddef>
#include <cstdint>

namespace tenuto {

// Right where the byte code + shift > limit: a missing code, 255, wraps to 0
// where the default is left. A leaf leads to itself: its limit is never passed.
struct FlatNode {
  std::uint32_t left;  // The right child stands next to it.
  std::uint16_t column;
  std::uint8_t limit;
  std::uint8_t shift;
};
static_assert(sizeof(FlatNode) == 8);

// A two-step search: 16 pivots choose a block of 16 thresholds. NaN fills up.
struct CoderView {
  std::size_t columns;
  const std::uint32_t* inputs;
  const float* pivots;               // 16 a column: the last of each block.
  const std::uint32_t* first_block;  // Of a column.
  const float* blocks;
};

inline constexpr std::size_t kFatColumnsMax = 256;
inline constexpr std::size_t kFatTreesAtOnce = 8;
inline constexpr std::size_t kFatRowsAtOnce = 4;
inline constexpr std::size_t kFatSlots = 64;  // Of a block; one mask.

// A tree of L levels has 2^L slots in heap order from 1; a block of 64 slots
// holds 2^(6-L) trees. Where a tree ends early its slots lead left.
struct FatView {
  int levels;  // 3 to 6.
  std::size_t trees;
  std::size_t blocks;
  std::size_t columns_used;           // Of the coded row.
  const std::uint8_t* columns;        // A slot.
  const std::uint8_t* limits;         // A slot: right where code > limit,
  const std::uint64_t* default_left;  // 1 added to codes of these slots before.
  // One a tree and exit, 2^L exits a tree: values, or for deeper trees where
  // in the flat nodes the tree goes on.
  const float* leaves;
  const std::uint32_t* exits;
  const FlatNode* tail_nodes;
  const float* tail_values;
  const std::uint8_t* tail_steps;  // Of every eight trees.
  float base_margin;
};

inline constexpr std::size_t kSlicedPlanes = 9;  // Bits of a rank; missing.
inline constexpr int kSlicedMissing = 8;
inline constexpr int kSlicedDepthMax = 8;
// Columns of turned rows stand this many floats apart: a power of two would
// send them all to the same few lines of the cache.
inline constexpr std::size_t kTurnedRows = 256;
inline constexpr std::size_t kTurnedStride = kTurnedRows + 16;
// Of all columns; what a thread may use is 2 MiB.
inline constexpr std::size_t kSlicesMax = 31'000;

// A binary search tree by levels: the 2^l pivots of level l start at 2^l, the
// one to compare with next at the bits found so far, the first the lowest.
//
// From `first_slice` on, the rows whose rank's low half is above 0, 1, ...
// (`lows` of them); then three for each high half h below `halves`: the rows
// where it is h; where it is above h; these and the missing rows. Slice 0 of
// all is no row. Where `whole` is not 0 there are other slices instead: the
// rows whose rank is above 0, 1, ... (`whole` of them), then the missing rows.
struct SlicedColumn {
  std::uint32_t input;
  std::uint32_t levels;       // 1 to 8.
  std::uint32_t first_pivot;  // NaN fills up.
  std::uint32_t first_slice;
  std::uint32_t lows;
  std::uint32_t halves;
  std::uint32_t whole;
};

struct SlicedColumnsView {
  std::size_t width;  // Of a row.
  std::size_t columns;
  const SlicedColumn* column;  // Ascending in `input`.
  const float* pivots;
};

// The slices of a split: right go the rows of above | (equal & low); of whole
// slices, of above | equal.
struct SlicedSplit {
  std::uint16_t above;
  std::uint16_t equal;
  std::uint16_t low;
};

struct SlicedTree {
  std::uint32_t depth;  // 1 to 8.
  std::uint32_t first_split;
  std::uint32_t first_leaf;
};

struct SlicedForestView {
  std::size_t trees;
  const SlicedTree* tree;
  const SlicedSplit* splits;  // In heap order from 1.
  const float* leaves;        // By path bits, the root's the lowest.
  // The same, 2^max(depth, 4) bytes for the leaves' lowest bytes, then for the
  // next: what byte permutes read. One of the two is null.
  const std::uint8_t* leaf_bytes;
  float base_margin;
  bool whole;  // The form of the slices.
};

}  // namespace tenuto

#endif  // TENUTO_MODEL_FOREST_FOREST_VIEWS_H_
