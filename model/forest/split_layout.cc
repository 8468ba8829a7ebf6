#include "model/forest/split_layout.h"

#include <algorithm>
#include <limits>

namespace tenuto {
namespace {

std::size_t SplitsAtDepth(int depth) { return (std::size_t{1} << depth) - 1; }

// All rows go left, whatever their value, and nothing is made of it.
SplitStep EmptyStep() {
  SplitStep step = {};
  std::fill_n(step.limit, kPathLanes, std::numeric_limits<float>::quiet_NaN());
  std::fill_n(step.left_part, kPathLanes, 1.0f);
  std::fill_n(step.share_above, kPathLanes, 1.0f);
  std::fill_n(step.above_level, kPathLanes, kNoLevelAbove);
  std::fill_n(step.default_left, kPathLanes, std::uint8_t{1});
  return step;
}

// Writes one tree into its lane of a group of empty steps.
class LaneWriter {
 public:
  LaneWriter(const ForestTree& tree, std::size_t lane, int depth,
             SplitStep* steps, float* leaves)
      : tree_(tree), lane_(lane), depth_(depth), step_(steps), leaf_(leaves) {}

  void Write(std::int32_t at) {
    const ForestNode& node = tree_.nodes[static_cast<std::size_t>(at)];
    if (node.is_leaf()) {  // The leftmost of its empty splits.
      const int left = depth_ - static_cast<int>(way_.size());
      leaf_[lane_] = node.value;
      leaf_ += kPathLanes * (SplitsAtDepth(left) + 1);
      step_ += SplitsAtDepth(left);
      return;
    }
    SplitStep& step = *step_++;
    step.column[lane_] = node.column;
    step.limit[lane_] = node.value;
    step.default_left[lane_] = node.default_left ? 1 : 0;
    double above = 1;
    for (std::size_t level = 0; level < way_.size(); ++level) {
      if (way_[level].column != node.column) continue;
      above = way_[level].share;
      step.above_level[lane_] = static_cast<std::uint8_t>(level);
    }
    step.share_above[lane_] = static_cast<float>(above);
    for (const bool left : {true, false}) {
      const std::int32_t child = left ? node.left : node.right;
      const double part = TrainingShare(tree_, at, child);
      (left ? step.left_part : step.right_part)[lane_] =
          static_cast<float>(part);
      way_.push_back({node.column, above * part});
      Write(child);
      way_.pop_back();
    }
  }

 private:
  // A split on the way: what all on its column up to there let pass.
  struct Passed {
    std::int32_t column;
    double share;
  };
  const ForestTree& tree_;
  const std::size_t lane_;
  const int depth_;
  SplitStep* step_;
  float* leaf_;
  std::vector<Passed> way_;
};

}  // namespace

double TrainingShare(const ForestTree& tree, std::int32_t node,
                     std::int32_t child) {
  const double all = tree.nodes[static_cast<std::size_t>(node)].cover;
  const double some = tree.nodes[static_cast<std::size_t>(child)].cover;
  return all > 0 ? std::min(some / all, 1.0) : 0.5;
}

bool IsBetterAsSplits(const ForestTree& tree, std::size_t conditions) {
  // A split takes about as long as a condition, but also at the point more that
  // the deepest path of its tree may need: so it must save a fifth.
  return conditions > 0 && 5 * SplitsAtDepth(DepthOf(tree)) <= 4 * conditions;
}

SplitGroups LayOutSplits(std::vector<const ForestTree*> trees) {
  std::stable_sort(trees.begin(), trees.end(),
                   [](const ForestTree* a, const ForestTree* b) {
                     return DepthOf(*a) < DepthOf(*b);
                   });
  SplitGroups groups;
  for (std::size_t first = 0; first < trees.size(); first += kPathLanes) {
    const std::size_t lanes = std::min(kPathLanes, trees.size() - first);
    const int depth = DepthOf(*trees[first + lanes - 1]);
    const std::size_t splits = SplitsAtDepth(depth);
    const SplitGroups::Group& group = groups.groups.emplace_back(
        SplitGroups::Group{static_cast<std::uint32_t>(depth),
                           groups.steps.size(), groups.leaves.size()});
    groups.steps.resize(group.first_step + splits, EmptyStep());
    groups.leaves.resize(group.first_leaf + kPathLanes * (splits + 1));
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      LaneWriter(*trees[first + lane], lane, depth,
                 &groups.steps[group.first_step],
                 &groups.leaves[group.first_leaf])
          .Write(0);
    }
  }
  return groups;
}

}  // namespace tenuto
