#include "model/forest/grid_forest.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <utility>

#include "features/base/each_width.h"
#include "features/base/log.h"

namespace tenuto {
namespace {

// Adds nothing to any float, -0 included.
constexpr float kNothing = -0.0f;

std::size_t At(std::int32_t index) { return static_cast<std::size_t>(index); }

std::uint64_t FirstBits(int count) {
  return count >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
}

// Adds the leaf to the `kStride` places of each line: to those that are
// not there, nothing. Lines that lie together are added without looking at
// each.
template <int kStride>
[[gnu::always_inline]] inline void AddLeaf(float value, std::uint64_t lines,
                                           std::uint64_t places,
                                           float* margins) {
  float added[kStride];
  for (int p = 0; p < kStride; ++p) {
    added[p] = (places >> p & 1) != 0 ? value : kNothing;
  }
  while (lines != 0) {
    const int first = std::countr_zero(lines);
    const int end = first + std::countr_one(lines >> first);
    for (int l = first; l < end; ++l) {
      float* const line = margins + l * kStride;
      for (int p = 0; p < kStride; ++p) line[p] += added[p];
    }
    lines = end < 64 ? lines >> end << end : 0;
  }
}
TENUTO_EACH_WIDTH void AddLeafTo8(float value, std::uint64_t lines,
                                  std::uint64_t places, float* margins) {
  AddLeaf<8>(value, lines, places, margins);
}
TENUTO_EACH_WIDTH void AddLeafTo16(float value, std::uint64_t lines,
                                   std::uint64_t places, float* margins) {
  AddLeaf<16>(value, lines, places, margins);
}
TENUTO_EACH_WIDTH void AddLeafTo32(float value, std::uint64_t lines,
                                   std::uint64_t places, float* margins) {
  AddLeaf<32>(value, lines, places, margins);
}

}  // namespace

// Which lines and places go left at each split, and miss each column.
struct GridForest::Masks {
  std::vector<std::uint64_t> lines_below, lines_missing;
  std::vector<std::uint64_t> places_below, places_missing;
};

// A node and who is there.
struct GridForest::Part {
  std::int32_t node;
  std::uint64_t lines;
  std::uint64_t places;
};

GridForest::GridForest(const Forest& forest, std::vector<int> line_columns,
                       std::vector<int> place_columns)
    : columns_(forest.columns),
      base_margin_(forest.base_margin),
      line_columns_(std::move(line_columns)),
      place_columns_(std::move(place_columns)) {
  for (const ForestTree& tree : forest.trees) Add(tree);
}

std::int32_t GridForest::SplitOf(int column, float threshold,
                                 std::vector<Split>& splits) {
  const auto found =
      std::find_if(splits.begin(), splits.end(), [&](const Split& split) {
        return split.column == column && split.threshold == threshold;
      });
  const auto index = static_cast<std::int32_t>(found - splits.begin());
  if (found == splits.end()) splits.push_back({column, threshold});
  return index;
}

// Depth first, so that a left child is the next node.
void GridForest::Add(const ForestTree& tree) {
  roots_.push_back(static_cast<std::int32_t>(nodes_.size()));
  const auto place_of = [](const std::vector<int>& columns, int column) {
    const auto found = std::find(columns.begin(), columns.end(), column);
    return found == columns.end() ? -1
                                  : static_cast<int>(found - columns.begin());
  };
  // What is left to add, and which right child it becomes; -1: none.
  std::vector<std::pair<std::int32_t, std::int32_t>> left = {{0, -1}};
  while (!left.empty()) {
    const auto [source_index, parent] = left.back();
    left.pop_back();
    const ForestNode& source = tree.nodes[At(source_index)];
    const auto index = static_cast<std::int32_t>(nodes_.size());
    if (parent >= 0) nodes_[At(parent)].right = index;
    Node& node = nodes_.emplace_back();
    node.value = source.value;
    if (source.is_leaf()) continue;
    node.default_left = source.default_left;
    node.left = index + 1;
    node.kind = Kind::kShared;
    node.column = source.column;
    if (const int k = place_of(line_columns_, source.column); k >= 0) {
      node.kind = Kind::kLine;
      node.column = k;
      node.split = SplitOf(k, source.value, line_splits_);
    } else if (const int p = place_of(place_columns_, source.column); p >= 0) {
      node.kind = Kind::kPlace;
      node.column = p;
      node.split = SplitOf(p, source.value, place_splits_);
    }
    left.push_back({source.right, index});
    left.push_back({source.left, -1});
  }
}

void GridForest::Compare(const std::vector<Split>& splits,
                         absl::Span<const float> values, int count,
                         std::size_t width, std::vector<std::uint64_t>& below,
                         std::vector<std::uint64_t>& missing) {
  // By column, so that comparisons run over floats that lie together.
  std::array<float, kLinesMax> column;
  missing.assign(width, 0);
  below.assign(splits.size(), 0);
  for (std::size_t c = 0; c < width; ++c) {
    for (int k = 0; k < count; ++k) {
      column[At(k)] = values[At(k) * width + c];
      missing[c] |= std::uint64_t{std::isnan(column[At(k)])} << k;
    }
    for (std::size_t s = 0; s < splits.size(); ++s) {
      if (At(splits[s].column) != c) continue;
      const float threshold = splits[s].threshold;
      std::uint64_t bits = 0;
      for (int k = 0; k < count; ++k) {
        bits |= std::uint64_t{column[At(k)] < threshold} << k;
      }
      below[s] = bits;
    }
  }
}

void GridForest::AddTree(std::int32_t root, absl::Span<const float> row,
                         const Masks& masks, const Part& all, int stride,
                         float* margins) const {
  const auto add_leaf = stride <= 8    ? AddLeafTo8
                        : stride <= 16 ? AddLeafTo16
                                       : AddLeafTo32;
  std::array<Part, kTreeDepthMax + 1> waiting;
  std::size_t count = 0;
  waiting[count++] = {root, all.lines, all.places};
  while (count > 0) {
    Part part = waiting[--count];
    const Node* node = &nodes_[At(part.node)];
    for (; node->kind != Kind::kLeaf; node = &nodes_[At(part.node)]) {
      Part right = {node->right, part.lines, part.places};
      part.node = node->left;
      if (node->kind == Kind::kShared) {
        const float value = row[At(node->column)];
        const bool goes_left =
            std::isnan(value) ? node->default_left : value < node->value;
        if (!goes_left) part = right;
        continue;
      }
      const bool by_line = node->kind == Kind::kLine;
      const auto& below = by_line ? masks.lines_below : masks.places_below;
      const auto& missing =
          by_line ? masks.lines_missing : masks.places_missing;
      const std::uint64_t goes_left =
          below[At(node->split)] |
          (node->default_left ? missing[At(node->column)] : 0);
      std::uint64_t& stay = by_line ? part.lines : part.places;
      std::uint64_t& leave = by_line ? right.lines : right.places;
      stay &= goes_left;
      leave &= ~goes_left;
      if (leave == 0) continue;
      if (stay == 0) {
        part = right;
      } else {
        waiting[count++] = right;
      }
    }
    add_leaf(node->value, part.lines, part.places, margins);
  }
}

void GridForest::Predict(const Grid& grid, absl::Span<float> margins) const {
  const int stride = StrideOf(grid.place_count);
  TENUTO_CHECK(
      grid.line_count <= kLinesMax && grid.place_count <= kPlacesMax &&
          grid.row.size() == At(columns_) &&
          margins.size() == At(grid.line_count * stride) &&
          grid.lines.size() == At(grid.line_count) * line_columns_.size() &&
          grid.places.size() == At(grid.place_count) * place_columns_.size(),
      "a grid of another size");
  thread_local Masks masks;  // Its memory is used again.
  Compare(line_splits_, grid.lines, grid.line_count, line_columns_.size(),
          masks.lines_below, masks.lines_missing);
  Compare(place_splits_, grid.places, grid.place_count, place_columns_.size(),
          masks.places_below, masks.places_missing);
  std::fill(margins.begin(), margins.end(), base_margin_);
  const Part all = {0, FirstBits(grid.line_count), FirstBits(grid.place_count)};
  for (const std::int32_t root : roots_) {
    AddTree(root, grid.row, masks, all, stride, margins.data());
  }
}

}  // namespace tenuto
