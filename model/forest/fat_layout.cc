#include "model/forest/fat_layout.h"

#include <algorithm>

namespace tenuto {

FatForest::FatForest(const Forest& forest, const RankColumns& columns)
    : levels_(std::clamp(DepthOf(forest), kFatLevelsMin, kFatLevelsMax)),
      has_tails_(DepthOf(forest) > kFatLevelsMax),
      base_margin_(forest.base_margin),
      trees_(forest.trees.size()),
      columns_used_(columns.columns().size()) {
  const std::size_t groups = (trees_ + kFatTreesAtOnce - 1) / kFatTreesAtOnce;
  const std::size_t slots = (groups * kFatTreesAtOnce) << levels_;
  columns_.resize(slots, 0);
  limits_.resize(slots, 255);
  default_left_.resize(slots / kFatSlots, 0);
  (has_tails_ ? exits_.resize(slots, 0) : leaves_.resize(slots, 0));
  if (has_tails_) tail_steps_.resize(groups, 0);
  for (std::size_t t = 0; t < trees_; ++t) AddTree(forest.trees[t], t, columns);
}

void FatForest::AddTree(const ForestTree& tree, std::size_t number,
                        const RankColumns& columns) {
  const std::size_t first = number << levels_;
  const std::size_t size = std::size_t{1} << levels_;
  // The node at each slot of the heap, and at the exits below its last level;
  // a leaf stands for all that is below it.
  std::vector<std::int32_t> nodes(2 * size, 0);
  for (std::size_t slot = 1; slot < size; ++slot) {
    const ForestNode& node = tree.nodes[static_cast<std::size_t>(nodes[slot])];
    nodes[2 * slot] = node.is_leaf() ? nodes[slot] : node.left;
    nodes[2 * slot + 1] = node.is_leaf() ? nodes[slot] : node.right;
    if (node.is_leaf()) continue;
    const RankedSplit split = columns.Find(node.column, node.value);
    const std::size_t at = first + slot;
    const std::uint8_t shift = node.default_left ? 1 : 0;
    columns_[at] = static_cast<std::uint8_t>(split.column);
    limits_[at] = static_cast<std::uint8_t>(split.rank + shift);
    default_left_[at / kFatSlots] |= std::uint64_t{shift} << (at % kFatSlots);
  }
  for (std::size_t exit = 0; exit < size; ++exit) {
    const std::int32_t node = nodes[size + exit];
    if (!has_tails_) {
      leaves_[first + exit] = tree.nodes[static_cast<std::size_t>(node)].value;
      continue;
    }
    const bool repeats = exit > 0 && nodes[size + exit - 1] == node;
    exits_[first + exit] =
        repeats ? exits_[first + exit - 1] : tails_.Add(tree, node, columns);
    std::uint8_t& steps = tail_steps_[number / kFatTreesAtOnce];
    steps = std::max(steps, static_cast<std::uint8_t>(DepthOf(tree, node)));
  }
}

FatView FatForest::view() const {
  return {levels_,
          trees_,
          default_left_.size(),
          columns_used_,
          columns_.data(),
          limits_.data(),
          default_left_.data(),
          has_tails_ ? nullptr : leaves_.data(),
          has_tails_ ? exits_.data() : nullptr,
          tails_.nodes(),
          tails_.values(),
          tail_steps_.data(),
          base_margin_};
}

std::size_t FatForest::size_bytes() const {
  return columns_.size() + limits_.size() + tail_steps_.size() +
         default_left_.size() * sizeof(std::uint64_t) +
         leaves_.size() * sizeof(float) +
         exits_.size() * sizeof(std::uint32_t) + tails_.size_bytes();
}

}  // namespace tenuto
