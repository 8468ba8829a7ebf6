#include "model/forest/path_groups.h"
#include "model/forest/path_kernel.h"

namespace tenuto {

void AddContributionsPortable(const PathGroups& paths, const float* row,
                              double* sums) {
  AddAllGroups(paths, row, sums);
}

}  // namespace tenuto
