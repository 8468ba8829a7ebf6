// The kernel of PathForest, compiled once for each kind of processor by the
// files that include it: plain loops over sixteen lanes, which compilers turn
// into whatever the processor has. No sum depends on the lanes' width.
// Thread-safe.
#ifndef TENUTO_MODEL_FOREST_PATH_KERNEL_H_
#define TENUTO_MODEL_FOREST_PATH_KERNEL_H_

#include <cstddef>
#include <cstdint>

#include "model/forest/path_groups.h"
#include "model/forest/quadrature.h"

namespace tenuto {
namespace {

template <int kNodes>
void AddGroup(const PathGroups::Group& group, const PathStep* steps,
              const float* row, double* sums) {
  constexpr const QuadraturePoint* kPoints = Quadrature<kNodes>::kPoints;
  alignas(64) float product[kNodes][kPathLanes];
  alignas(64) std::int32_t met[kTreeDepthMax][kPathLanes];
  for (int q = 0; q < kNodes; ++q) {
    for (std::size_t k = 0; k < kPathLanes; ++k) {
      product[q][k] = group.leaf[k] * kPoints[q].weight;
    }
  }
  for (std::uint32_t s = 0; s < group.count; ++s) {
    const PathStep& step = steps[s];
    alignas(64) float from[kPathLanes];  // 1 where the row meets the condition.
    for (std::size_t k = 0; k < kPathLanes; ++k) {
      const float value = row[step.column[k]];
      const std::int32_t within = std::int32_t{!(value < step.low[k])} &
                                  std::int32_t{!(value >= step.high[k])};
      met[s][k] = value != value ? step.missing[k] : within;
      from[k] = static_cast<float>(met[s][k]);
    }
    for (int q = 0; q < kNodes; ++q) {
      const float t = kPoints[q].at;
      for (std::size_t k = 0; k < kPathLanes; ++k) {
        product[q][k] *= from[k] * t + (1 - t) * step.share[k];
      }
    }
  }
  // Of every column whose condition is not met: its own factor, (1 - t) z,
  // goes, and -z remains, so that z does not matter.
  alignas(64) float unmet[kPathLanes] = {};
  for (int q = 0; q < kNodes; ++q) {
    for (std::size_t k = 0; k < kPathLanes; ++k) {
      unmet[k] -= product[q][k] / (1 - kPoints[q].at);
    }
  }
  for (std::uint32_t s = 0; s < group.count; ++s) {
    const PathStep& step = steps[s];
    alignas(64) float sum[kPathLanes] = {};
    for (int q = 0; q < kNodes; ++q) {
      const float t = kPoints[q].at;
      for (std::size_t k = 0; k < kPathLanes; ++k) {
        sum[k] += product[q][k] / (t + (1 - t) * step.share[k]);
      }
    }
    for (std::size_t k = 0; k < kPathLanes; ++k) {
      sum[k] = met[s][k] != 0 ? sum[k] * (1 - step.share[k]) : unmet[k];
    }
    for (std::size_t k = 0; k < kPathLanes; ++k) {
      sums[step.column[k]] += static_cast<double>(sum[k]);
    }
  }
}

void AddAllGroups(const PathGroups& paths, const float* row, double* sums) {
  using AddOne = void (*)(const PathGroups::Group&, const PathStep*,
                          const float*, double*);
  // By the nodes that are exact for so many columns.
  static constexpr AddOne kAdd[] = {AddGroup<1>, AddGroup<2>, AddGroup<3>,
                                    AddGroup<4>, AddGroup<5>, AddGroup<6>,
                                    AddGroup<7>, AddGroup<8>};
  static_assert(2 * (sizeof kAdd / sizeof *kAdd) == kTreeDepthMax);
  for (const PathGroups::Group& group : paths.groups) {
    kAdd[(group.count - 1) / 2](group, &paths.steps[group.first], row, sums);
  }
}

}  // namespace
}  // namespace tenuto

#endif  // TENUTO_MODEL_FOREST_PATH_KERNEL_H_
