#include "model/forest/sliced_layout.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace tenuto {

SlicedForest::SlicedForest(const Forest& forest, const RankColumns& columns,
                           LeafForm form)
    : base_margin_(forest.base_margin), form_(form) {
  std::vector<Expanded> chunk;
  std::vector<std::uint64_t> tests;
  for (const ForestTree& tree : forest.trees) {
    Expanded expanded = Expand(tree, columns);
    std::vector<std::uint64_t> fresh = expanded.tests;
    std::sort(fresh.begin(), fresh.end());
    fresh.erase(std::unique(fresh.begin(), fresh.end()), fresh.end());
    std::vector<std::uint64_t> both;
    std::set_union(tests.begin(), tests.end(), fresh.begin(), fresh.end(),
                   std::back_inserter(both));
    if (both.size() > kSlicedMasksMax && !chunk.empty()) {
      AddChunk(chunk, std::move(tests), columns);
      chunk.clear();
      both = std::move(fresh);
    }
    tests = std::move(both);
    chunk.push_back(std::move(expanded));
  }
  if (!chunk.empty()) AddChunk(chunk, std::move(tests), columns);
}

SlicedForest::Expanded SlicedForest::Expand(const ForestTree& tree,
                                            const RankColumns& columns) {
  // A tree that is one leaf splits once, and always goes left.
  const int depth = std::max(1, DepthOf(tree));
  const std::size_t size = std::size_t{1} << depth;
  Expanded result{depth, std::vector<Test>(size, 0), std::vector<float>(size)};
  std::vector<std::int32_t> nodes(2 * size, 0);
  for (std::size_t slot = 1; slot < size; ++slot) {
    const ForestNode& node = tree.nodes[static_cast<std::size_t>(nodes[slot])];
    nodes[2 * slot] = node.is_leaf() ? nodes[slot] : node.left;
    nodes[2 * slot + 1] = node.is_leaf() ? nodes[slot] : node.right;
    if (node.is_leaf()) continue;
    const RankedSplit split = columns.Find(node.column, node.value);
    result.tests[slot] = std::uint64_t{split.column + 1} << 16 |
                         std::uint64_t{split.rank} << 1 |
                         std::uint64_t{node.default_left};
  }
  for (std::size_t exit = 0; exit < size; ++exit) {
    std::size_t path = 0;  // The root's bit becomes the lowest.
    for (int b = 0; b < depth; ++b) path |= (exit >> b & 1) << (depth - 1 - b);
    result.leaves[path] =
        tree.nodes[static_cast<std::size_t>(nodes[size + exit])].value;
  }
  return result;
}

// The masks of a chunk are numbered in the order of its tests; 0 is the test of
// no split, a mask of no rows.
void SlicedForest::AddChunk(const std::vector<Expanded>& trees,
                            std::vector<Test> tests,
                            const RankColumns& columns) {
  SlicedChunk chunk = {0, static_cast<std::uint32_t>(trees.size())};
  std::uint64_t open = 0;
  for (const Test test : tests) {
    if (test == 0) continue;
    if (test >> 16 != open) {
      open = test >> 16;
      const auto column = static_cast<std::uint32_t>(open - 1);
      const std::size_t ranks = columns.columns()[column].thresholds.size();
      runs_.push_back(
          {column, static_cast<std::uint32_t>(std::bit_width(ranks)), 0});
      ++chunk.runs;
    }
    ++runs_.back().masks;
    masks_.push_back({static_cast<std::uint8_t>(test >> 1 & 255),
                      static_cast<std::uint8_t>(test & 1)});
  }
  chunks_.push_back(chunk);
  for (const Expanded& tree : trees) {
    trees_.push_back({static_cast<std::uint32_t>(tree.depth),
                      static_cast<std::uint32_t>(slots_.size()),
                      static_cast<std::uint32_t>(form_ == LeafForm::kFloats
                                                     ? leaves_.size()
                                                     : leaf_bytes_.size())});
    for (const Test test : tree.tests) {
      const auto found = std::lower_bound(tests.begin(), tests.end(), test);
      slots_.push_back(static_cast<std::uint16_t>(8 * (found - tests.begin())));
    }
    AddLeaves(tree.leaves, form_);
  }
}

void SlicedForest::AddLeaves(const std::vector<float>& leaves, LeafForm form) {
  if (form == LeafForm::kFloats) {
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
  return {chunks_.size(),
          chunks_.data(),
          runs_.data(),
          masks_.data(),
          trees_.data(),
          slots_.data(),
          floats ? leaves_.data() : nullptr,
          floats ? nullptr : leaf_bytes_.data(),
          base_margin_};
}

std::size_t SlicedForest::size_bytes() const {
  return chunks_.size() * sizeof(SlicedChunk) +
         runs_.size() * sizeof(SlicedRun) + masks_.size() * sizeof(SlicedMask) +
         trees_.size() * sizeof(SlicedTree) +
         slots_.size() * sizeof(std::uint16_t) +
         leaves_.size() * sizeof(float) + leaf_bytes_.size();
}

}  // namespace tenuto
