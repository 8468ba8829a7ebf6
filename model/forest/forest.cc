#include "model/forest/forest.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"

namespace tenuto {
namespace {

absl::Status Wrong(std::size_t tree, std::int64_t node,
                   absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("tree ", tree, ", node ", node, ": ", what));
}

struct Visit {
  std::int32_t node;
  int depth;
};

absl::Status CheckSplit(const ForestNode& node, std::size_t nodes, int columns,
                        std::size_t tree, std::int64_t at) {
  for (const std::int32_t link : {node.left, node.right}) {
    if (link < 0 || static_cast<std::size_t>(link) >= nodes) {
      return Wrong(tree, at,
                   absl::StrCat("links to node ", link, " of ", nodes));
    }
  }
  if (node.column < 0 || node.column >= columns) {
    return Wrong(
        tree, at,
        absl::StrCat("splits on column ", node.column, " of ", columns));
  }
  if (std::isnan(node.value)) {
    return Wrong(tree, at, "its threshold is no number");
  }
  return absl::OkStatus();
}

// The largest leaf, by size, is added to `largest_sum`.
absl::Status CheckTree(const ForestTree& tree, int columns, std::size_t number,
                       double& largest_sum) {
  if (tree.nodes.empty()) return Wrong(number, 0, "the tree has no nodes");
  std::vector<bool> reached(tree.nodes.size(), false);
  std::vector<Visit> open = {{0, 0}};
  double largest = 0;
  while (!open.empty()) {
    const Visit visit = open.back();
    open.pop_back();
    const auto at = static_cast<std::size_t>(visit.node);
    if (reached[at]) {
      return Wrong(number, visit.node, "two links lead to it; a tree has one");
    }
    reached[at] = true;
    const ForestNode& node = tree.nodes[at];
    if (node.is_leaf()) {
      if (!std::isfinite(node.value)) {
        return Wrong(number, visit.node,
                     absl::StrCat("its leaf value is ", node.value,
                                  ", which is no finite number"));
      }
      largest = std::max(largest, std::abs(static_cast<double>(node.value)));
      continue;
    }
    if (visit.depth == kTreeDepthMax) {
      return Wrong(number, visit.node,
                   absl::StrCat("more than ", kTreeDepthMax,
                                " splits deep; train with a smaller depth"));
    }
    TENUTO_RETURN_IF_ERROR(
        CheckSplit(node, tree.nodes.size(), columns, number, visit.node));
    open.push_back({node.right, visit.depth + 1});
    open.push_back({node.left, visit.depth + 1});
  }
  largest_sum += largest;
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateForest(const Forest& forest) {
  if (forest.columns < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("a forest of ", forest.columns, " columns"));
  }
  if (!std::isfinite(forest.base_margin)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the base margin is ", forest.base_margin, ", no finite number"));
  }
  double largest_sum = std::abs(static_cast<double>(forest.base_margin));
  for (std::size_t t = 0; t < forest.trees.size(); ++t) {
    TENUTO_RETURN_IF_ERROR(
        CheckTree(forest.trees[t], forest.columns, t, largest_sum));
  }
  // Half of what a float holds leaves room for the rounding of every addition:
  // so no margin is ever infinite and no engine need look.
  if (largest_sum > std::numeric_limits<float>::max() / 2.0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the leaves add up to as much as ", largest_sum,
        ", more than a margin can hold; a leaf of the forest is damaged"));
  }
  return absl::OkStatus();
}

int DepthOf(const ForestTree& tree, std::int32_t from) {
  const ForestNode& node = tree.nodes[static_cast<std::size_t>(from)];
  if (node.is_leaf()) return 0;
  return 1 + std::max(DepthOf(tree, node.left), DepthOf(tree, node.right));
}

int DepthOf(const Forest& forest) {
  int depth = 0;
  for (const ForestTree& tree : forest.trees) {
    depth = std::max(depth, DepthOf(tree));
  }
  return depth;
}

std::int64_t CountSplits(absl::Span<const Forest> forests) {
  std::int64_t splits = 0;
  std::vector<std::int32_t> open;
  for (const Forest& forest : forests) {
    for (const ForestTree& tree : forest.trees) {
      open.assign(1, 0);
      while (!open.empty()) {
        const ForestNode& node =
            tree.nodes[static_cast<std::size_t>(open.back())];
        open.pop_back();
        if (node.is_leaf()) continue;
        ++splits;
        open.push_back(node.left);
        open.push_back(node.right);
      }
    }
  }
  return splits;
}

}  // namespace tenuto
