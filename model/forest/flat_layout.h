// Flat nodes: eight bytes a node, walked without a branch, eight trees at a
// time so that their loads overlap. The engine of any machine, and the tail of
// trees too deep for the others.
// Thread-safe: immutable after it is built.
#ifndef TENUTO_MODEL_FOREST_FLAT_LAYOUT_H_
#define TENUTO_MODEL_FOREST_FLAT_LAYOUT_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "model/forest/forest.h"
#include "model/forest/forest_views.h"
#include "model/forest/rank_columns.h"

namespace tenuto {

class FlatLayout {
 public:
  static constexpr std::size_t kTreesAtOnce = 8;

  // Copies the part of `tree` below `root` and returns where it starts.
  std::uint32_t Add(const ForestTree& tree, std::int32_t root,
                    const RankColumns& columns);

  const FlatNode* nodes() const { return nodes_.data(); }
  const float* values() const { return values_.data(); }  // Of the leaves.
  std::size_t size_bytes() const;

 private:
  std::vector<FlatNode> nodes_;
  std::vector<float> values_;
};

// A whole forest in flat nodes.
class FlatForest {
 public:
  FlatForest(const Forest& forest, const RankColumns& columns);

  // `codes` as RowTables::CodeRow writes them.
  float Margin(const std::uint8_t* codes) const;
  std::size_t size_bytes() const;

 private:
  FlatLayout layout_;
  float base_margin_;
  std::vector<std::uint32_t> roots_;
  std::vector<std::uint8_t> depths_;  // The deepest of every eight trees.
};

}  // namespace tenuto

#endif  // TENUTO_MODEL_FOREST_FLAT_LAYOUT_H_
