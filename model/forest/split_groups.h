// Trees as their splits, sixteen trees abreast, for exact contributions: a
// split is visited once, not once for each path through it.
// Value type; not thread-safe.
#ifndef TENUTO_MODEL_FOREST_SPLIT_GROUPS_H_
#define TENUTO_MODEL_FOREST_SPLIT_GROUPS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/forest/path_groups.h"

namespace tenuto {

// An `above_level` where no split above is on the same column: a bit that is
// set of every row.
inline constexpr std::uint8_t kNoLevelAbove = 31;

// The same split of sixteen trees. A value goes right where it is `limit` or
// more (NaN: never), a missing one left where `default_left` is 1.
struct SplitStep {
  std::int32_t column[kPathLanes];
  float limit[kPathLanes];
  float left_part[kPathLanes];  // Of the training rows that came by.
  float right_part[kPathLanes];
  // Of the closest split above on the same column: the share of training rows
  // that all splits on the column up to there let pass (1 without any), and
  // its level.
  float share_above[kPathLanes];
  std::uint8_t above_level[kPathLanes];
  std::uint8_t default_left[kPathLanes];
};

struct SplitGroups {
  // Sixteen complete trees of `depth` levels of splits, those in preorder.
  // Where a tree ends early, splits that all rows pass to the left fill it up.
  struct Group {
    std::uint32_t depth;
    std::size_t first_step;  // In `steps`: 2^depth - 1 of them.
    std::size_t first_leaf;  // In `leaves`: 2^depth of all sixteen trees.
  };
  std::vector<Group> groups;
  std::vector<SplitStep> steps;
  std::vector<float> leaves;
};

// Adds to `sums`, one a column, what every tree gives its columns. One for
// each kind of processor, from one source; the same bits.
void AddSplitsPortable(const SplitGroups& trees, const float* row,
                       double* sums);
#if defined(__x86_64__)
void AddSplitsAvx2(const SplitGroups& trees, const float* row, double* sums);
void AddSplitsAvx512(const SplitGroups& trees, const float* row, double* sums);
#endif

}  // namespace tenuto

#endif  // TENUTO_MODEL_FOREST_SPLIT_GROUPS_H_
