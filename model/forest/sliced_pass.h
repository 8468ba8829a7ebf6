// One pass over a block of rows in bit slices, for any width of register. Every
// template has a type of the including file among its arguments, so its code
// never leaves that file: these are compiled for different processors.
// Thread-safe: writes only to what it is given.
#ifndef TENUTO_MODEL_FOREST_SLICED_PASS_H_
#define TENUTO_MODEL_FOREST_SLICED_PASS_H_

#include <cstddef>
#include <cstdint>

#include "model/forest/forest_views.h"

namespace tenuto::sliced {

// `L` names a register of `L::Slice`, one bit for each of L::kRows rows, and
// what can be done to it: Load, Store, Zero, And, Or, AndNot(a, b) = ~a & b,
// Select(c, yes, no); L::kBytes is its size.

// Bits of the ranks of a column, lowest first, and its missing rows.
template <class L>
struct ColumnPlanes {
  typename L::Slice bit[8];
  typename L::Slice missing;
};

template <class L>
[[gnu::always_inline]] inline ColumnPlanes<L> LoadPlanes(
    const std::uint8_t* planes, std::uint32_t levels) {
  ColumnPlanes<L> result;
  for (std::uint32_t b = 0; b < 8; ++b) {
    result.bit[b] = b < levels ? L::Load(planes + b * L::kBytes) : L::Zero();
  }
  result.missing = L::Load(planes + kSlicedMissing * L::kBytes);
  return result;
}

// Of the two bits `high`, `low` as a number: equal to 0..3, and above 0..3.
template <class L>
[[gnu::always_inline]] inline void ComparePair(typename L::Slice high,
                                               typename L::Slice low,
                                               typename L::Slice* equal,
                                               typename L::Slice* above) {
  equal[3] = L::And(high, low);
  equal[2] = L::AndNot(low, high);
  equal[1] = L::AndNot(high, low);
  above[0] = L::Or(high, low);
  equal[0] = L::Not(above[0]);
  above[1] = high;
  above[2] = equal[3];
  above[3] = L::Zero();
}

// The slices of a column, as SlicedColumn has them, from the bits of its ranks:
// a rank is above 16 h + m where its high half is above h, or equal to h and
// its low half above m.
template <class L>
void MakeSlicesOfColumn(const std::uint8_t* planes, const SlicedColumn& column,
                        std::uint8_t* slices) {
  using Slice = typename L::Slice;
  const ColumnPlanes<L> p = LoadPlanes<L>(planes, column.levels);
  std::uint8_t* out = slices + column.first_slice * L::kBytes;
  Slice equal[4];
  Slice above[4];
  Slice pair_equal[4];
  Slice pair_above[4];
  ComparePair<L>(p.bit[3], p.bit[2], equal, above);
  ComparePair<L>(p.bit[1], p.bit[0], pair_equal, pair_above);
  for (std::uint32_t m = 0; m < 16; ++m) {
    if (m == column.lows) break;
    L::Store(out, L::OrAnd(above[m >> 2], equal[m >> 2], pair_above[m & 3]));
    out += L::kBytes;
  }
  ComparePair<L>(p.bit[7], p.bit[6], equal, above);
  ComparePair<L>(p.bit[5], p.bit[4], pair_equal, pair_above);
  for (std::uint32_t h = 0; h < 16; ++h) {
    if (h == column.halves) break;
    const Slice over =
        L::OrAnd(above[h >> 2], equal[h >> 2], pair_above[h & 3]);
    L::Store(out, L::And(equal[h >> 2], pair_equal[h & 3]));
    L::Store(out + L::kBytes, over);
    L::Store(out + 2 * L::kBytes, L::Or(over, p.missing));
    out += 3 * L::kBytes;
  }
}

template <class L>
void MakeSlices(const SlicedColumnsView& view, const std::uint8_t* planes,
                std::uint8_t* slices) {
  L::Store(slices, L::Zero());
  for (std::size_t c = 0; c < view.columns; ++c) {
    MakeSlicesOfColumn<L>(planes + c * kSlicedPlanes * L::kBytes,
                          view.column[c], slices);
  }
}

// Which of the rows below the split at kHeap go right at depth kLevel, given
// their ways `path` at the kLevel levels above.
template <class L, int kLevel, int kStep, unsigned kHeap>
[[gnu::always_inline]] inline typename L::Slice Way(
    const typename L::Slice* path, const SlicedSplit* splits,
    const std::uint8_t* slices) {
  if constexpr (kStep == kLevel) {
    const SlicedSplit split = splits[kHeap];
    return L::OrAnd(L::Load(slices + split.above * L::kBytes),
                    L::Load(slices + split.equal * L::kBytes),
                    L::Load(slices + split.low * L::kBytes));
  } else {
    const auto left =
        Way<L, kLevel, kStep + 1, 2 * kHeap>(path, splits, slices);
    const auto right =
        Way<L, kLevel, kStep + 1, 2 * kHeap + 1>(path, splits, slices);
    return L::Select(path[kStep], right, left);
  }
}

template <class L, int kDepth, int kLevel = 0>
[[gnu::always_inline]] inline void FindPath(typename L::Slice* path,
                                            const SlicedSplit* splits,
                                            const std::uint8_t* slices) {
  if constexpr (kLevel < kDepth) {
    path[kLevel] = Way<L, kLevel, 0, 1>(path, splits, slices);
    FindPath<L, kDepth, kLevel + 1>(path, splits, slices);
  }
}

template <class L, int kDepth>
void AddTree(const SlicedForestView& forest, const SlicedTree& tree,
             const std::uint8_t* slices, float* sums) {
  typename L::Slice path[kDepth];
  FindPath<L, kDepth>(path, forest.splits + tree.first_split, slices);
  L::template AddLeaves<kDepth>(path, forest, tree, sums);
}

template <class L>
void AddAnyTree(const SlicedForestView& forest, const SlicedTree& tree,
                const std::uint8_t* slices, float* sums) {
  switch (tree.depth) {
    case 1:
      return AddTree<L, 1>(forest, tree, slices, sums);
    case 2:
      return AddTree<L, 2>(forest, tree, slices, sums);
    case 3:
      return AddTree<L, 3>(forest, tree, slices, sums);
    case 4:
      return AddTree<L, 4>(forest, tree, slices, sums);
    case 5:
      return AddTree<L, 5>(forest, tree, slices, sums);
    case 6:
      return AddTree<L, 6>(forest, tree, slices, sums);
    case 7:
      return AddTree<L, 7>(forest, tree, slices, sums);
    default:
      return AddTree<L, 8>(forest, tree, slices, sums);
  }
}

// Sums of L::kRows rows whose slices are made, in the order of L's own.
template <class L>
void AddTrees(const SlicedForestView& forest, const std::uint8_t* slices,
              float* sums) {
  for (std::size_t r = 0; r < L::kRows; ++r) sums[r] = forest.base_margin;
  for (std::size_t t = 0; t < forest.trees; ++t) {
    AddAnyTree<L>(forest, forest.tree[t], slices, sums);
  }
}

// Columns of turned rows stand this many floats apart: a power of two would
// send them all to the same few lines of the cache.
inline constexpr std::size_t kTurnedRows = 256;
inline constexpr std::size_t kTurnedStride = kTurnedRows + 16;

// The bits of the ranks of up to L::kRows rows, in every column. Rows beyond
// `count` repeat the last. `turned` holds L::kLanes columns.
template <class L>
void MakePlanes(const SlicedColumnsView& view, const float* rows,
                std::size_t count, float* turned, std::uint8_t* planes) {
  for (std::size_t part = 0; part < L::kRows; part += kTurnedRows) {
    for (std::size_t c = 0; c < view.columns;) {
      const std::size_t first = view.column[c].input / L::kLanes * L::kLanes;
      for (std::size_t r = 0; r < kTurnedRows; r += L::kLanes) {
        const float* row[L::kLanes];
        for (std::size_t k = 0; k < L::kLanes; ++k) {
          const std::size_t at = part + r + k;
          row[k] = rows + (at < count ? at : count - 1) * view.width + first;
        }
        L::Turn(row, view.width - first, turned + r);
      }
      for (; c < view.columns && view.column[c].input < first + L::kLanes;
           ++c) {
        const SlicedColumn& column = view.column[c];
        L::Search(turned + (column.input - first) * kTurnedStride,
                  column.levels, view.pivots + column.first_pivot,
                  planes + c * kSlicedPlanes * L::kBytes + part / 8);
      }
    }
  }
}

}  // namespace tenuto::sliced

#endif  // TENUTO_MODEL_FOREST_SLICED_PASS_H_
