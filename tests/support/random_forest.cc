#include "tests/support/random_forest.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tenuto {
namespace {

using Limits = std::numeric_limits<float>;

class Draws {
 public:
  explicit Draws(std::uint64_t seed) : random_(seed) {}
  double Share() { return static_cast<double>(random_() >> 11) * 0x1.0p-53; }
  std::size_t Below(std::size_t count) { return random_() % count; }
  float Cell() { return static_cast<float>(20 * Share() - 10); }

  float OddCell() {
    const std::array<float, 10> odd = {0.0f,
                                       -0.0f,
                                       Limits::denorm_min(),
                                       -Limits::denorm_min(),
                                       Limits::min() / 2,
                                       Limits::max(),
                                       Limits::lowest(),
                                       Limits::infinity(),
                                       -Limits::infinity(),
                                       1.0f};
    return odd[Below(odd.size())];
  }

 private:
  std::mt19937_64 random_;
};

// Shortest text that is this float again.
std::string Text(float value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  std::array<char, 64> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value,
                                 std::chars_format::scientific);
  return std::string(text.data(), end.ptr);
}

template <class Field>
std::string List(const ForestTree& tree, const Field& field) {
  return absl::StrCat(
      "[",
      absl::StrJoin(tree.nodes, ",",
                    [&](std::string* out, const ForestNode& node) {
                      absl::StrAppend(out, field(node));
                    }),
      "]");
}

std::string TreeJson(const ForestTree& tree, std::size_t number, int columns) {
  std::vector<std::int64_t> parents(tree.nodes.size(), 2147483647);
  for (std::size_t n = 0; n < tree.nodes.size(); ++n) {
    for (const std::int32_t link : {tree.nodes[n].left, tree.nodes[n].right}) {
      const auto child = static_cast<std::size_t>(link);
      if (link >= 0 && child < parents.size()) {
        parents[child] = static_cast<std::int64_t>(n);
      }
    }
  }
  const auto zero = [](const ForestNode&) { return "0E0"; };
  return absl::StrCat(
      R"({"base_weights":)", List(tree, zero),
      R"(,"categories":[],"categories_nodes":[],"categories_segments":[],)",
      R"("categories_sizes":[],"default_left":)",
      List(tree, [](const ForestNode& n) { return n.default_left ? 1 : 0; }),
      R"(,"id":)", number, R"(,"left_children":)",
      List(tree, [](const ForestNode& n) { return n.left; }),
      R"(,"loss_changes":)", List(tree, zero), R"(,"parents":[)",
      absl::StrJoin(parents, ","), R"(],"right_children":)",
      List(tree, [](const ForestNode& n) { return n.right; }),
      R"(,"split_conditions":)",
      List(tree, [](const ForestNode& n) { return Text(n.value); }),
      R"(,"split_indices":)",
      List(tree, [](const ForestNode& n) { return n.column; }),
      R"(,"split_type":)", List(tree, [](const ForestNode&) { return 0; }),
      R"(,"sum_hessian":)",
      List(tree, [](const ForestNode& n) { return Text(n.cover); }),
      R"(,"tree_param":{"num_deleted":"0","num_feature":")", columns,
      R"(","num_nodes":")", tree.nodes.size(), R"(","size_leaf_vector":"0"}})");
}

}  // namespace

Forest RandomForest(const RandomForestShape& shape, std::uint64_t seed) {
  Draws draws(seed);
  std::vector<std::vector<float>> thresholds(
      static_cast<std::size_t>(shape.columns));
  for (std::vector<float>& column : thresholds) {
    for (int k = 0; k < shape.thresholds_per_column; ++k) {
      const bool odd = shape.odd_thresholds && draws.Share() < 0.1;
      column.push_back(odd ? draws.OddCell() : draws.Cell());
    }
  }
  Forest forest;
  forest.columns = shape.columns;
  for (int t = 0; t < shape.trees; ++t) {
    ForestTree& tree = forest.trees.emplace_back();
    std::vector<int> depths = {0};
    tree.nodes.emplace_back();
    for (std::size_t n = 0; n < tree.nodes.size(); ++n) {
      if (depths[n] == shape.depth_max || draws.Share() < shape.leaf_share) {
        tree.nodes[n].value = static_cast<float>(0.2 * draws.Share() - 0.1);
        continue;
      }
      const std::size_t column = draws.Below(thresholds.size());
      ForestNode& node = tree.nodes[n];
      node.column = static_cast<std::int32_t>(column);
      node.value = thresholds[column][draws.Below(thresholds[column].size())];
      node.default_left = draws.Share() < 0.5;
      node.left = static_cast<std::int32_t>(tree.nodes.size());
      node.right = node.left + 1;
      depths.insert(depths.end(), 2, depths[n] + 1);
      tree.nodes.resize(tree.nodes.size() + 2);
    }
  }
  Draws covers(seed + 1);
  for (ForestTree& tree : forest.trees) {
    tree.nodes[0].cover = 1000;
    for (const ForestNode& node : tree.nodes) {
      if (node.is_leaf()) continue;
      const double share = 0.02 + 0.96 * covers.Share();
      tree.nodes[static_cast<std::size_t>(node.left)].cover =
          static_cast<float>(node.cover * share);
      tree.nodes[static_cast<std::size_t>(node.right)].cover =
          static_cast<float>(node.cover * (1 - share));
    }
  }
  return forest;
}

std::vector<float> RandomRows(const Forest& forest, int rows,
                              double missing_share, std::uint64_t seed) {
  std::vector<std::vector<float>> thresholds(
      static_cast<std::size_t>(forest.columns));
  for (const ForestTree& tree : forest.trees) {
    for (const ForestNode& node : tree.nodes) {
      if (node.is_leaf()) continue;
      thresholds[static_cast<std::size_t>(node.column)].push_back(node.value);
    }
  }
  Draws draws(seed);
  std::vector<float> cells;
  cells.reserve(static_cast<std::size_t>(rows) * thresholds.size());
  for (int r = 0; r < rows; ++r) {
    for (const std::vector<float>& column : thresholds) {
      const double kind = draws.Share();
      if (draws.Share() < missing_share) {
        cells.push_back(Limits::quiet_NaN());
      } else if (kind < 0.4 && !column.empty()) {
        const float at = column[draws.Below(column.size())];
        cells.push_back(kind < 0.2   ? at
                        : kind < 0.3 ? std::nextafter(at, Limits::lowest())
                                     : std::nextafter(at, Limits::max()));
      } else {
        cells.push_back(kind < 0.5 ? draws.OddCell() : draws.Cell());
      }
    }
  }
  return cells;
}

std::string ForestJson(const Forest& forest, absl::string_view base_score,
                       absl::string_view objective) {
  std::string trees;
  std::string outputs;
  for (std::size_t t = 0; t < forest.trees.size(); ++t) {
    absl::StrAppend(&trees, t == 0 ? "" : ",",
                    TreeJson(forest.trees[t], t, forest.columns));
    absl::StrAppend(&outputs, t == 0 ? "0" : ",0");
  }
  const char* const parameter =
      objective == "count:poisson"
          ? R"(,"poisson_regression_param":{"max_delta_step":"0.7"})"
      : objective == "reg:tweedie"
          ? R"(,"tweedie_regression_param":{"tweedie_variance_power":"1.5"})"
      : objective == "reg:pseudohubererror"
          ? R"(,"pseudo_huber_param":{"huber_slope":"1"})"
          : R"(,"reg_loss_param":{"scale_pos_weight":"1"})";
  return absl::StrCat(
      R"({"learner":{"attributes":{},"feature_names":[],"feature_types":[],)",
      R"("gradient_booster":{"model":{"gbtree_model_param":{)",
      R"("num_parallel_tree":"1","num_trees":")", forest.trees.size(),
      R"(","size_leaf_vector":"0"},"tree_info":[)", outputs, R"(],"trees":[)",
      trees, R"(]},"name":"gbtree"},"learner_model_param":{"base_score":")",
      base_score, R"(","boost_from_average":"1","num_class":"0",)",
      R"("num_feature":")", forest.columns,
      R"(","num_target":"1"},"objective":{"name":")", objective, "\"",
      parameter, R"(}},"version":[1,7,4]})");
}

}  // namespace tenuto
