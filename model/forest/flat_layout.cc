#include "model/forest/flat_layout.h"

#include <algorithm>
#include <array>

namespace tenuto {
namespace {

std::uint32_t Step(const FlatNode& node, const std::uint8_t* codes) {
  const auto code = static_cast<std::uint8_t>(codes[node.column] + node.shift);
  return node.left + (code > node.limit ? 1 : 0);
}

}  // namespace

std::uint32_t FlatLayout::Add(const ForestTree& tree, std::int32_t root,
                              const RankColumns& columns) {
  const auto first = static_cast<std::uint32_t>(nodes_.size());
  // Node `first + k` is made from the k-th of these: breadth first, so the
  // first steps of a walk share cache lines.
  std::vector<std::int32_t> sources = {root};
  for (std::size_t k = 0; k < sources.size(); ++k) {
    const ForestNode& source = tree.nodes[static_cast<std::size_t>(sources[k])];
    FlatNode node = {0, 0, 255, 0};
    if (source.is_leaf()) {
      node.left = first + static_cast<std::uint32_t>(k);
      values_.push_back(source.value);
    } else {
      const RankedSplit split = columns.Find(source.column, source.value);
      node.left = first + static_cast<std::uint32_t>(sources.size());
      node.column = static_cast<std::uint16_t>(split.column);
      node.shift = source.default_left ? 1 : 0;
      node.limit = static_cast<std::uint8_t>(split.rank + node.shift);
      values_.push_back(0);
      sources.push_back(source.left);
      sources.push_back(source.right);
    }
    nodes_.push_back(node);
  }
  return first;
}

std::size_t FlatLayout::size_bytes() const {
  return nodes_.size() * (sizeof(FlatNode) + sizeof(float));
}

FlatForest::FlatForest(const Forest& forest, const RankColumns& columns)
    : base_margin_(forest.base_margin) {
  for (const ForestTree& tree : forest.trees) {
    if (roots_.size() % FlatLayout::kTreesAtOnce == 0) depths_.push_back(0);
    roots_.push_back(layout_.Add(tree, 0, columns));
    depths_.back() =
        std::max(depths_.back(), static_cast<std::uint8_t>(DepthOf(tree)));
  }
}

float FlatForest::Margin(const std::uint8_t* codes) const {
  constexpr std::size_t kAtOnce = FlatLayout::kTreesAtOnce;
  const FlatNode* const nodes = layout_.nodes();
  const float* const values = layout_.values();
  float margin = base_margin_;
  std::size_t tree = 0;
  for (; tree + kAtOnce <= roots_.size(); tree += kAtOnce) {
    std::array<std::uint32_t, kAtOnce> at;
    std::copy_n(&roots_[tree], kAtOnce, at.begin());
    for (int step = depths_[tree / kAtOnce]; step > 0; --step) {
      for (std::uint32_t& node : at) node = Step(nodes[node], codes);
    }
    for (const std::uint32_t node : at) margin += values[node];
  }
  for (; tree < roots_.size(); ++tree) {
    std::uint32_t node = roots_[tree];
    for (int step = depths_[tree / kAtOnce]; step > 0; --step) {
      node = Step(nodes[node], codes);
    }
    margin += values[node];
  }
  return margin;
}

std::size_t FlatForest::size_bytes() const {
  return layout_.size_bytes() + roots_.size() * sizeof(std::uint32_t) +
         depths_.size();
}

}  // namespace tenuto
