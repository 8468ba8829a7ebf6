// Lays trees out as SplitGroups. A split of a full tree serves many paths, so
// there this is several times less work, and memory, than path by path; a lean
// and deep tree would be filled up with more splits than its paths have
// conditions.
// Thread-safe.
#ifndef TENUTO_MODEL_FOREST_SPLIT_LAYOUT_H_
#define TENUTO_MODEL_FOREST_SPLIT_LAYOUT_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/forest/forest.h"
#include "model/forest/split_groups.h"

namespace tenuto {

// Of the training rows that came by the node, those that went on to `child`;
// one half where none came by, so that nothing hangs on it.
double TrainingShare(const ForestTree& tree, std::int32_t node,
                     std::int32_t child);

// Is `tree`, whose paths have `conditions` columns in all, less work as splits?
bool IsBetterAsSplits(const ForestTree& tree, std::size_t conditions);

// Of valid trees with a split each, all of which are finite in their covers.
// Trees of like depth go together, in their order.
SplitGroups LayOutSplits(std::vector<const ForestTree*> trees);

}  // namespace tenuto

#endif  // TENUTO_MODEL_FOREST_SPLIT_LAYOUT_H_
