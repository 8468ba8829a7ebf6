// A forest as its paths from root to leaf, for exact contributions (TreeSHAP,
// path-dependent; Lundberg et al. 2018). A path with d distinct columns and
// leaf v gives column i, of which it wants a condition,
//
//   v (o_i - z_i) * integral over t in [0,1] of
//                   product over j != i of (o_j t + z_j (1 - t)),
//
// o_j: does the row meet the condition (0 or 1), z_j: the share of training
// rows that go on where the column is unknown. The integral is the Shapley
// weight |S|!(d-1-|S|)!/d! of every subset at once (it is a Beta function), and
// its integrand a polynomial of degree d - 1: Gauss-Legendre with (d + 1) / 2
// nodes is exact. All factors are positive, so floats lose nothing. Full trees
// are summed split by split instead (split_kernel.h), to the same effect.
// Thread-safe: immutable after Compile().
#ifndef TENUTO_MODEL_FOREST_PATH_FOREST_H_
#define TENUTO_MODEL_FOREST_PATH_FOREST_H_

#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "model/forest/engine_choice.h"
#include "model/forest/forest.h"
#include "model/forest/path_groups.h"
#include "model/forest/split_groups.h"

namespace tenuto {

class PathForest {
 public:
  // A forest that ValidateForest takes. kInvalidArgument names the tree and
  // node whose cover is no number. `cpu` as in CompiledForest.
  static absl::StatusOr<PathForest> Compile(const Forest& forest,
                                            CpuLevel cpu = DetectCpu());

  int columns() const { return columns_; }

  // Of one row, columns() wide, to its margin: columns() contributions, then
  // what the margin is without knowing anything (the bias); together the
  // margin, but for rounding. The same bits on every processor.
  // kInvalidArgument when a size does not fit.
  absl::Status Contributions(absl::Span<const float> row,
                             absl::Span<float> contributions) const;

  std::size_t size_bytes() const;

 private:
  PathForest() = default;
  void Add(const float* row, double* sums) const;
  int columns_ = 0;
  CpuLevel cpu_ = CpuLevel::kPortable;
  double bias_ = 0;
  SplitGroups splits_;  // Of full trees,
  PathGroups groups_;   // and of all others.
};

}  // namespace tenuto

#endif  // TENUTO_MODEL_FOREST_PATH_FOREST_H_
