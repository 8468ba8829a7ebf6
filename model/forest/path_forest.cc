#include "model/forest/path_forest.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"
#include "model/forest/split_layout.h"

namespace tenuto {
namespace {

// What a path wants of one column, all its splits on it together.
struct Condition {
  std::int32_t column = 0;
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::quiet_NaN();
  double share = 1;
  bool missing = true;
};

struct Path {
  std::vector<Condition> conditions;
  float leaf = 0;
};

class PathCollector {
 public:
  absl::Status Add(const ForestTree& tree, std::size_t number) {
    tree_ = &tree;
    number_ = number;
    found_.clear();
    TENUTO_RETURN_IF_ERROR(Walk(0, {}, 1));
    std::size_t conditions = 0;
    for (const Path& path : found_) conditions += path.conditions.size();
    if (IsBetterAsSplits(tree, conditions)) {
      full_trees_.push_back(&tree);
      return absl::OkStatus();
    }
    for (Path& path : found_) {
      paths_[path.conditions.size()].push_back(std::move(path));
    }
    return absl::OkStatus();
  }
  std::vector<const ForestTree*> TakeFullTrees() {
    return std::move(full_trees_);
  }
  // Of the other trees, by the number of their columns; none without any.
  std::array<std::vector<Path>, kTreeDepthMax + 1> TakePaths() {
    return std::move(paths_);
  }
  double bias() const { return bias_; }  // The mean of every tree, added.

 private:
  absl::Status Walk(std::int32_t at, const std::vector<Condition>& conditions,
                    double share) {
    const ForestNode& node = tree_->nodes[static_cast<std::size_t>(at)];
    if (!(node.cover >= 0 && std::isfinite(node.cover))) {
      return absl::InvalidArgumentError(
          absl::StrCat("tree ", number_, ", node ", at, ": its sum_hessian is ",
                       node.cover, ", no number of 0 or more"));
    }
    if (node.is_leaf()) {
      bias_ += share * static_cast<double>(node.value);
      if (!conditions.empty()) found_.push_back({conditions, node.value});
      return absl::OkStatus();
    }
    for (const bool left : {true, false}) {
      const std::int32_t child = left ? node.left : node.right;
      const double part = TrainingShare(*tree_, at, child);
      std::vector<Condition> more = conditions;
      Narrow(node, left, part, more);
      TENUTO_RETURN_IF_ERROR(Walk(child, more, share * part));
    }
    return absl::OkStatus();
  }

  static void Narrow(const ForestNode& node, bool left, double part,
                     std::vector<Condition>& conditions) {
    auto at = std::find_if(
        conditions.begin(), conditions.end(),
        [&](const Condition& one) { return one.column == node.column; });
    if (at == conditions.end()) {
      conditions.push_back({.column = node.column});
      at = conditions.end() - 1;
    }
    if (!left) {
      at->low = std::max(at->low, node.value);
    } else if (!(at->high <= node.value)) {
      at->high = node.value;
    }
    at->share *= part;
    at->missing = at->missing && node.default_left == left;
  }

  const ForestTree* tree_ = nullptr;
  std::size_t number_ = 0;
  std::vector<Path> found_;  // Of the tree.
  std::array<std::vector<Path>, kTreeDepthMax + 1> paths_;
  std::vector<const ForestTree*> full_trees_;
  double bias_ = 0;
};

void SetLane(const Condition& condition, std::size_t lane, PathStep& step) {
  step.column[lane] = condition.column;
  step.low[lane] = condition.low;
  step.high[lane] = condition.high;
  step.share[lane] = static_cast<float>(condition.share);
  step.missing[lane] = condition.missing ? 1 : 0;
}

// Lanes that no path fills have a leaf of 0 and give nothing.
void AddGroups(const std::vector<Path>& paths, std::size_t columns,
               PathGroups& groups) {
  for (std::size_t first = 0; first < paths.size(); first += kPathLanes) {
    PathGroups::Group& group = groups.groups.emplace_back();
    group = {static_cast<std::uint32_t>(groups.steps.size()),
             static_cast<std::uint32_t>(columns),
             {}};
    groups.steps.resize(groups.steps.size() + columns);
    for (std::size_t lane = 0; lane < kPathLanes; ++lane) {
      const bool filled = first + lane < paths.size();
      for (std::size_t s = 0; s < columns; ++s) {
        SetLane(filled ? paths[first + lane].conditions[s] : Condition(), lane,
                groups.steps[group.first + s]);
      }
      if (filled) group.leaf[lane] = paths[first + lane].leaf;
    }
  }
}

}  // namespace

absl::StatusOr<PathForest> PathForest::Compile(const Forest& forest,
                                               CpuLevel cpu) {
  TENUTO_RETURN_IF_ERROR(ValidateForest(forest));
  PathCollector collector;
  for (std::size_t t = 0; t < forest.trees.size(); ++t) {
    TENUTO_RETURN_IF_ERROR(collector.Add(forest.trees[t], t));
  }
  PathForest compiled;
  compiled.columns_ = forest.columns;
  compiled.cpu_ = std::min(cpu, DetectCpu());
  compiled.bias_ = static_cast<double>(forest.base_margin) + collector.bias();
  const auto paths = collector.TakePaths();
  for (std::size_t columns = 1; columns < paths.size(); ++columns) {
    AddGroups(paths[columns], columns, compiled.groups_);
  }
  compiled.splits_ = LayOutSplits(collector.TakeFullTrees());
  return compiled;
}

void PathForest::Add(const float* row, double* sums) const {
#if defined(__x86_64__)
  if (cpu_ == CpuLevel::kAvx512) {
    AddSplitsAvx512(splits_, row, sums);
    return AddContributionsAvx512(groups_, row, sums);
  }
  if (cpu_ == CpuLevel::kAvx2) {
    AddSplitsAvx2(splits_, row, sums);
    return AddContributionsAvx2(groups_, row, sums);
  }
#endif
  AddSplitsPortable(splits_, row, sums);
  AddContributionsPortable(groups_, row, sums);
}

absl::Status PathForest::Contributions(absl::Span<const float> row,
                                       absl::Span<float> contributions) const {
  const auto columns = static_cast<std::size_t>(columns_);
  if (row.size() != columns || contributions.size() != columns + 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a row of ", row.size(), " values for ", columns_, " columns"));
  }
  std::vector<double> sums(columns, 0.0);
  Add(row.data(), sums.data());
  for (std::size_t k = 0; k < columns; ++k) {
    contributions[k] = static_cast<float>(sums[k]);
  }
  contributions[columns] = static_cast<float>(bias_);
  return absl::OkStatus();
}

std::size_t PathForest::size_bytes() const {
  return groups_.groups.size() * sizeof(PathGroups::Group) +
         groups_.steps.size() * sizeof(PathStep) +
         splits_.groups.size() * sizeof(SplitGroups::Group) +
         splits_.steps.size() * sizeof(SplitStep) +
         splits_.leaves.size() * sizeof(float);
}

}  // namespace tenuto
