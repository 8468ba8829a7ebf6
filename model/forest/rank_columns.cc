#include "model/forest/rank_columns.h"

#include <algorithm>

namespace tenuto {
namespace {

// Thresholds of each input column, ascending and distinct.
std::vector<std::vector<float>> CollectThresholds(
    absl::Span<const Forest> forests) {
  std::vector<std::vector<float>> thresholds;
  for (const Forest& forest : forests) {
    thresholds.resize(
        std::max(thresholds.size(), static_cast<std::size_t>(forest.columns)));
    for (const ForestTree& tree : forest.trees) {
      // Nodes that no link reaches were not validated.
      std::vector<std::int32_t> open = {0};
      while (!open.empty()) {
        const ForestNode& node =
            tree.nodes[static_cast<std::size_t>(open.back())];
        open.pop_back();
        if (node.is_leaf()) continue;
        thresholds[static_cast<std::size_t>(node.column)].push_back(node.value);
        open.push_back(node.left);
        open.push_back(node.right);
      }
    }
  }
  for (std::vector<float>& column : thresholds) {
    std::sort(column.begin(), column.end());
    column.erase(std::unique(column.begin(), column.end()), column.end());
  }
  return thresholds;
}

}  // namespace

RankColumns RankColumns::Of(absl::Span<const Forest> forests) {
  const std::vector<std::vector<float>> thresholds = CollectThresholds(forests);
  RankColumns result;
  for (std::size_t input = 0; input < thresholds.size(); ++input) {
    result.first_of_input_.push_back(
        static_cast<std::uint32_t>(result.columns_.size()));
    absl::Span<const float> left = thresholds[input];
    while (!left.empty()) {
      const std::size_t count = std::min(left.size(), kThresholdsPerColumnMax);
      result.columns_.push_back(
          {static_cast<std::int32_t>(input),
           std::vector<float>(left.begin(), left.begin() + count)});
      left.remove_prefix(count);
    }
  }
  result.first_of_input_.push_back(
      static_cast<std::uint32_t>(result.columns_.size()));
  return result;
}

RankedSplit RankColumns::Find(std::int32_t input, float threshold) const {
  std::uint32_t column = first_of_input_[static_cast<std::size_t>(input)];
  while (columns_[column].thresholds.back() < threshold) ++column;
  const std::vector<float>& thresholds = columns_[column].thresholds;
  const auto found =
      std::lower_bound(thresholds.begin(), thresholds.end(), threshold);
  return {column, static_cast<std::uint8_t>(found - thresholds.begin())};
}

}  // namespace tenuto
