// A trained forest as plain numbers, whatever file it came from: what the
// engines are compiled from. Checked once, so that no engine checks anything.
// Value type; not thread-safe.
#ifndef TENUTO_MODEL_FOREST_FOREST_H_
#define TENUTO_MODEL_FOREST_FOREST_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace tenuto {

// Deeper trees are refused: boosted trees that deep are a mistake, and the
// engines walk a fixed number of steps.
inline constexpr int kTreeDepthMax = 16;

// A row goes left where its value is below the threshold, right where it is
// not, and the default way where it is missing (NaN). -0 equals +0; infinities
// and denormals compare as IEEE 754 has it.
struct ForestNode {
  std::int32_t left = -1;  // -1 on a leaf.
  std::int32_t right = -1;
  std::int32_t column = 0;
  float value = 0;  // The threshold; on a leaf what it adds to the margin.
  bool default_left = false;
  float cover = 0;  // Of training rows (sum of hessians); only to explain.

  bool is_leaf() const { return left < 0; }
};

struct ForestTree {
  std::vector<ForestNode> nodes;  // The root is first.
};

// The margin of a row is `base_margin` plus one leaf a tree, added as floats in
// the order of the trees.
struct Forest {
  int columns = 0;
  float base_margin = 0;
  std::vector<ForestTree> trees;
};

// Walks every tree from its root. kInvalidArgument names the tree and the node:
// a link out of range or to a node already reached, a column out of range, a
// NaN threshold, a leaf that is not finite, more than kTreeDepthMax splits on a
// path; or says that the leaves could add up to more than a float holds.
absl::Status ValidateForest(const Forest& forest);

// Splits on the longest path. Only of valid trees and forests.
int DepthOf(const ForestTree& tree, std::int32_t from = 0);
int DepthOf(const Forest& forest);

// Splits that a row can reach.
std::int64_t CountSplits(absl::Span<const Forest> forests);

}  // namespace tenuto

#endif  // TENUTO_MODEL_FOREST_FOREST_H_
