#include "model/forest/path_forest.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"

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
    return Walk(0, {}, 1);
  }
  // By the number of their columns; none without any.
  std::array<std::vector<Path>, kTreeDepthMax + 1> TakePaths() {
    return std::move(paths_);
  }
  double bias() const { return bias_; }  // The mean of every tree, added.

 private:
  absl::Status Walk(std::int32_t at, const std::vector<Condition>& conditions,
                    double share) {
    const ForestNode& node = tree_->nodes[static_cast<std::size_t>(at)];
    if (node.is_leaf()) {
      bias_ += share * static_cast<double>(node.value);
      if (!conditions.empty()) {
        paths_[conditions.size()].push_back({conditions, node.value});
      }
      return absl::OkStatus();
    }
    for (const bool left : {true, false}) {
      const std::int32_t child = left ? node.left : node.right;
      const double cover = CoverOf(child);
      if (!(cover >= 0 && std::isfinite(cover))) {
        return absl::InvalidArgumentError(absl::StrCat(
            "tree ", number_, ", node ", child, ": its sum_hessian is ", cover,
            ", no number of 0 or more"));
      }
      // Where no row that was learned from came by, nothing hangs on it.
      const double part =
          CoverOf(at) > 0 ? std::min(cover / CoverOf(at), 1.0) : 0.5;
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

  double CoverOf(std::int32_t node) const {
    return static_cast<double>(
        tree_->nodes[static_cast<std::size_t>(node)].cover);
  }

  const ForestTree* tree_ = nullptr;
  std::size_t number_ = 0;
  std::array<std::vector<Path>, kTreeDepthMax + 1> paths_;
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
  return compiled;
}

absl::Status PathForest::Contributions(absl::Span<const float> row,
                                       absl::Span<float> contributions) const {
  const auto columns = static_cast<std::size_t>(columns_);
  if (row.size() != columns || contributions.size() != columns + 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a row of ", row.size(), " values for ", columns_, " columns"));
  }
  std::vector<double> sums(columns, 0.0);
#if defined(__x86_64__)
  const auto add = cpu_ == CpuLevel::kAvx512 ? AddContributionsAvx512
                   : cpu_ == CpuLevel::kAvx2 ? AddContributionsAvx2
                                             : AddContributionsPortable;
#else
  const auto add = AddContributionsPortable;
#endif
  add(groups_, row.data(), sums.data());
  for (std::size_t k = 0; k < columns; ++k) {
    contributions[k] = static_cast<float>(sums[k]);
  }
  contributions[columns] = static_cast<float>(bias_);
  return absl::OkStatus();
}

std::size_t PathForest::size_bytes() const {
  return groups_.groups.size() * sizeof(PathGroups::Group) +
         groups_.steps.size() * sizeof(PathStep);
}

}  // namespace tenuto
