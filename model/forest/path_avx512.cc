#include "model/forest/path_groups.h"
#include "model/forest/path_kernel.h"
#include "model/forest/split_groups.h"
#include "model/forest/split_kernel.h"

#if defined(__x86_64__)

namespace tenuto {

void AddContributionsAvx512(const PathGroups& paths, const float* row,
                            double* sums) {
  AddAllGroups(paths, row, sums);
}

void AddSplitsAvx512(const SplitGroups& trees, const float* row, double* sums) {
  AddAllSplits(trees, row, sums);
}

}  // namespace tenuto

#endif
