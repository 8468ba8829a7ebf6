#include "model/forest/path_groups.h"
#include "model/forest/path_kernel.h"
#include "model/forest/split_groups.h"
#include "model/forest/split_kernel.h"

namespace tenuto {

void AddContributionsPortable(const PathGroups& paths, const float* row,
                              double* sums) {
  AddAllGroups(paths, row, sums);
}

void AddSplitsPortable(const SplitGroups& trees, const float* row,
                       double* sums) {
  AddAllSplits(trees, row, sums);
}

}  // namespace tenuto
