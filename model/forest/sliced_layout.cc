#include "model/forest/sliced_layout.h"

#include <algorithm>
#include <bit>

namespace tenuto {
namespace {

// From so many splits for each slice on, making whole slices pays: measured by
// tests/benchmark/forest_benchmark.cc at depths 6 (1.2) and 8 (5.0).
constexpr std::size_t kSplitsAWholeSlice = 3;

}  // namespace

std::uint32_t SliceLows(const RankColumn& column) {
  return static_cast<std::uint32_t>(
      std::min<std::size_t>(16, column.thresholds.size()));
}

std::uint32_t SliceHalves(const RankColumn& column) {
  return static_cast<std::uint32_t>((column.thresholds.size() + 15) / 16);
}

SliceForm ChooseSlices(const RankColumns& columns, std::size_t splits) {
  const std::size_t whole = PlaceSlices(columns, SliceForm::kWhole).back();
  const bool fits =
      whole + kSlicedPlanes * columns.columns().size() <= kSlicesMax;
  return fits && splits >= kSplitsAWholeSlice * whole ? SliceForm::kWhole
                                                      : SliceForm::kHalves;
}

std::vector<std::uint32_t> PlaceSlices(const RankColumns& columns,
                                       SliceForm form) {
  std::vector<std::uint32_t> first = {1};  // Behind the slice of no row.
  for (const RankColumn& column : columns.columns()) {
    const auto tests = static_cast<std::uint32_t>(column.thresholds.size());
    first.push_back(first.back() +
                    (form == SliceForm::kWhole
                         ? tests + 1
                         : SliceLows(column) + 3 * SliceHalves(column)));
  }
  return first;
}

SlicedForest::SlicedForest(const Forest& forest, const RankColumns& columns,
                           SliceForm slices, LeafForm form)
    : base_margin_(forest.base_margin), slices_(slices), form_(form) {
  const std::vector<std::uint32_t> first_slices = PlaceSlices(columns, slices);
  for (const ForestTree& tree : forest.trees) {
    AddTree(tree, columns, first_slices);
  }
}

void SlicedForest::AddTree(const ForestTree& tree, const RankColumns& columns,
                           absl::Span<const std::uint32_t> first_slices) {
  // A tree that is one leaf splits once, and always goes left.
  const int depth = std::max(1, DepthOf(tree));
  const std::size_t size = std::size_t{1} << depth;
  const std::size_t first = splits_.size();
  trees_.push_back(
      {static_cast<std::uint32_t>(depth), static_cast<std::uint32_t>(first),
       static_cast<std::uint32_t>(
           form_ == LeafForm::kFloats ? leaves_.size() : leaf_bytes_.size())});
  splits_.resize(first + size, {0, 0, 0});
  std::vector<std::int32_t> nodes(2 * size, 0);
  for (std::size_t slot = 1; slot < size; ++slot) {
    const ForestNode& node = tree.nodes[static_cast<std::size_t>(nodes[slot])];
    nodes[2 * slot] = node.is_leaf() ? nodes[slot] : node.left;
    nodes[2 * slot + 1] = node.is_leaf() ? nodes[slot] : node.right;
    if (node.is_leaf()) continue;
    splits_[first + slot] = SplitOf(node, columns, first_slices);
  }
  std::vector<float> leaves(size);
  for (std::size_t exit = 0; exit < size; ++exit) {
    std::size_t path = 0;  // The root's bit becomes the lowest.
    for (int b = 0; b < depth; ++b) path |= (exit >> b & 1) << (depth - 1 - b);
    leaves[path] =
        tree.nodes[static_cast<std::size_t>(nodes[size + exit])].value;
  }
  AddLeaves(leaves);
}

SlicedSplit SlicedForest::SplitOf(
    const ForestNode& node, const RankColumns& columns,
    absl::Span<const std::uint32_t> first_slices) const {
  const RankedSplit split = columns.Find(node.column, node.value);
  const std::uint32_t first = first_slices[split.column];
  if (slices_ == SliceForm::kWhole) {
    const std::uint32_t missing = first_slices[split.column + 1] - 1;
    return {static_cast<std::uint16_t>(first + split.rank),
            static_cast<std::uint16_t>(node.default_left ? 0 : missing), 0};
  }
  const std::uint32_t high = first +
                             SliceLows(columns.columns()[split.column]) +
                             3 * (split.rank / 16u);
  return {static_cast<std::uint16_t>(high + (node.default_left ? 1 : 2)),
          static_cast<std::uint16_t>(high),
          static_cast<std::uint16_t>(first + split.rank % 16u)};
}

void SlicedForest::AddLeaves(const std::vector<float>& leaves) {
  if (form_ == LeafForm::kFloats) {
    leaves_.insert(leaves_.end(), leaves.begin(), leaves.end());
    return;
  }
  const std::size_t size = std::max<std::size_t>(leaves.size(), 16);
  for (int byte = 0; byte < 4; ++byte) {
    for (std::size_t k = 0; k < size; ++k) {
      const auto bits =
          k < leaves.size() ? std::bit_cast<std::uint32_t>(leaves[k]) : 0;
      leaf_bytes_.push_back(static_cast<std::uint8_t>(bits >> (8 * byte)));
    }
  }
}

SlicedForestView SlicedForest::view() const {
  const bool floats = form_ == LeafForm::kFloats;
  return {trees_.size(),
          trees_.data(),
          splits_.data(),
          floats ? leaves_.data() : nullptr,
          floats ? nullptr : leaf_bytes_.data(),
          base_margin_,
          slices_ == SliceForm::kWhole};
}

std::size_t SlicedForest::size_bytes() const {
  return trees_.size() * sizeof(SlicedTree) +
         splits_.size() * sizeof(SlicedSplit) + leaves_.size() * sizeof(float) +
         leaf_bytes_.size();
}

}  // namespace tenuto
