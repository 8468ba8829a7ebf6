#include "model/forest/path_groups.h"
#include "model/forest/path_kernel.h"

#if defined(__x86_64__)

namespace tenuto {

void AddContributionsAvx512(const PathGroups& paths, const float* row,
                            double* sums) {
  AddAllGroups(paths, row, sums);
}

}  // namespace tenuto

#endif
