#include "model/forest/sliced_layout.h"

#include <algorithm>
#include <bit>

namespace tenuto {

std::uint32_t SliceLows(const RankColumn& column) {
  return static_cast<std::uint32_t>(
      std::min<std::size_t>(16, column.thresholds.size()));
}

std::uint32_t SliceHalves(const RankColumn& column) {
  return static_cast<std::uint32_t>((column.thresholds.size() + 15) / 16);
}

std::vector<std::uint32_t> PlaceSlices(const RankColumns& columns) {
  std::vector<std::uint32_t> first = {1};  // Behind the slice of no row.
  for (const RankColumn& column : columns.columns()) {
    first.push_back(first.back() + SliceLows(column) + 3 * SliceHalves(column));
  }
  return first;
}

SlicedForest::SlicedForest(const Forest& forest, const RankColumns& columns,
                           LeafForm form)
    : base_margin_(forest.base_margin), form_(form) {
  const std::vector<std::uint32_t> first_slices = PlaceSlices(columns);
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
    const RankedSplit split = columns.Find(node.column, node.value);
    const std::uint32_t low = first_slices[split.column];
    const std::uint32_t high = low +
                               SliceLows(columns.columns()[split.column]) +
                               3 * (split.rank / 16u);
    splits_[first + slot] = {
        static_cast<std::uint16_t>(high + (node.default_left ? 1 : 2)),
        static_cast<std::uint16_t>(high),
        static_cast<std::uint16_t>(low + split.rank % 16u)};
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
          base_margin_};
}

std::size_t SlicedForest::size_bytes() const {
  return trees_.size() * sizeof(SlicedTree) +
         splits_.size() * sizeof(SlicedSplit) + leaves_.size() * sizeof(float) +
         leaf_bytes_.size();
}

}  // namespace tenuto
