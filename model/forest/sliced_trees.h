// The walk of trees over bit slices, all rows of a pass at once. Every
// template has a type of the including file among its arguments, so its code
// never leaves that file: these are compiled for different processors.
// Thread-safe: writes only to what it is given.
#ifndef TENUTO_MODEL_FOREST_SLICED_TREES_H_
#define TENUTO_MODEL_FOREST_SLICED_TREES_H_

#include <cstddef>
#include <cstdint>

#include "model/forest/forest_views.h"

namespace tenuto::sliced {

// `L` as in sliced_slices.h, and L::AddLeaves, which adds to the sums the
// leaves that paths lead to.

// Which of the rows below the split at kHeap go right at depth kLevel, given
// their ways `path` at the kLevel levels above.
template <class L, bool kWhole, int kLevel, int kStep, unsigned kHeap>
[[gnu::always_inline]] inline typename L::Slice Way(
    const typename L::Slice* path, const SlicedSplit* splits,
    const std::uint8_t* slices) {
  if constexpr (kStep == kLevel) {
    const SlicedSplit split = splits[kHeap];
    if constexpr (kWhole) {
      return L::Or(L::Load(slices + split.above * L::kBytes),
                   L::Load(slices + split.equal * L::kBytes));
    }
    return L::OrAnd(L::Load(slices + split.above * L::kBytes),
                    L::Load(slices + split.equal * L::kBytes),
                    L::Load(slices + split.low * L::kBytes));
  } else {
    const auto left =
        Way<L, kWhole, kLevel, kStep + 1, 2 * kHeap>(path, splits, slices);
    const auto right =
        Way<L, kWhole, kLevel, kStep + 1, 2 * kHeap + 1>(path, splits, slices);
    return L::Select(path[kStep], right, left);
  }
}

template <class L, bool kWhole, int kDepth, int kLevel = 0>
[[gnu::always_inline]] inline void FindPath(typename L::Slice* path,
                                            const SlicedSplit* splits,
                                            const std::uint8_t* slices) {
  if constexpr (kLevel < kDepth) {
    path[kLevel] = Way<L, kWhole, kLevel, 0, 1>(path, splits, slices);
    FindPath<L, kWhole, kDepth, kLevel + 1>(path, splits, slices);
  }
}

template <class L, bool kWhole, int kDepth>
void AddTree(const SlicedForestView& forest, const SlicedTree& tree,
             const std::uint8_t* slices, float* sums) {
  typename L::Slice path[kDepth];
  FindPath<L, kWhole, kDepth>(path, forest.splits + tree.first_split, slices);
  L::template AddLeaves<kDepth>(path, forest, tree, sums);
}

template <class L, bool kWhole>
void AddAnyTree(const SlicedForestView& forest, const SlicedTree& tree,
                const std::uint8_t* slices, float* sums) {
  switch (tree.depth) {
    case 1:
      return AddTree<L, kWhole, 1>(forest, tree, slices, sums);
    case 2:
      return AddTree<L, kWhole, 2>(forest, tree, slices, sums);
    case 3:
      return AddTree<L, kWhole, 3>(forest, tree, slices, sums);
    case 4:
      return AddTree<L, kWhole, 4>(forest, tree, slices, sums);
    case 5:
      return AddTree<L, kWhole, 5>(forest, tree, slices, sums);
    case 6:
      return AddTree<L, kWhole, 6>(forest, tree, slices, sums);
    case 7:
      return AddTree<L, kWhole, 7>(forest, tree, slices, sums);
    default:
      return AddTree<L, kWhole, 8>(forest, tree, slices, sums);
  }
}

// Sums of L::kRows rows whose slices are made, in the order of L's own.
template <class L>
void AddTrees(const SlicedForestView& forest, const std::uint8_t* slices,
              float* sums) {
  for (std::size_t r = 0; r < L::kRows; ++r) sums[r] = forest.base_margin;
  if (forest.whole) {
    for (std::size_t t = 0; t < forest.trees; ++t) {
      AddAnyTree<L, true>(forest, forest.tree[t], slices, sums);
    }
    return;
  }
  for (std::size_t t = 0; t < forest.trees; ++t) {
    AddAnyTree<L, false>(forest, forest.tree[t], slices, sums);
  }
}

}  // namespace tenuto::sliced

#endif  // TENUTO_MODEL_FOREST_SLICED_TREES_H_
