// The kernel of PathForest, compiled once for each kind of processor by the
// files that include it: plain loops over sixteen lanes, which compilers turn
// into whatever the processor has. No sum depends on the lanes' width.
// Thread-safe.
#ifndef TENUTO_MODEL_FOREST_PATH_KERNEL_H_
#define TENUTO_MODEL_FOREST_PATH_KERNEL_H_

#include <cstddef>
#include <cstdint>

#include "model/forest/path_groups.h"

namespace tenuto {
namespace {

// Of Gauss-Legendre on [0, 1] (Abramowitz and Stegun, 25.4.30).
struct QuadraturePoint {
  float at;
  float weight;
};

template <int kNodes>
struct Quadrature;

template <>
struct Quadrature<1> {
  static constexpr QuadraturePoint kPoints[] = {{0.5f, 1.0f}};
};
template <>
struct Quadrature<2> {
  static constexpr QuadraturePoint kPoints[] = {{0.211324865f, 0.5f},
                                                {0.788675135f, 0.5f}};
};
template <>
struct Quadrature<3> {
  static constexpr QuadraturePoint kPoints[] = {{0.112701665f, 0.277777778f},
                                                {0.5f, 0.444444444f},
                                                {0.887298335f, 0.277777778f}};
};
template <>
struct Quadrature<4> {
  static constexpr QuadraturePoint kPoints[] = {{0.0694318442f, 0.173927423f},
                                                {0.330009478f, 0.326072577f},
                                                {0.669990522f, 0.326072577f},
                                                {0.930568156f, 0.173927423f}};
};
template <>
struct Quadrature<5> {
  static constexpr QuadraturePoint kPoints[] = {{0.046910077f, 0.118463443f},
                                                {0.230765345f, 0.239314335f},
                                                {0.5f, 0.284444444f},
                                                {0.769234655f, 0.239314335f},
                                                {0.953089923f, 0.118463443f}};
};
template <>
struct Quadrature<6> {
  static constexpr QuadraturePoint kPoints[] = {
      {0.0337652429f, 0.0856622462f}, {0.169395307f, 0.180380787f},
      {0.380690407f, 0.233956967f},   {0.619309593f, 0.233956967f},
      {0.830604693f, 0.180380787f},   {0.966234757f, 0.0856622462f}};
};
template <>
struct Quadrature<7> {
  static constexpr QuadraturePoint kPoints[] = {
      {0.0254460438f, 0.0647424831f}, {0.129234407f, 0.139852696f},
      {0.297077424f, 0.190915025f},   {0.5f, 0.208979592f},
      {0.702922576f, 0.190915025f},   {0.870765593f, 0.139852696f},
      {0.974553956f, 0.0647424831f}};
};
template <>
struct Quadrature<8> {
  static constexpr QuadraturePoint kPoints[] = {
      {0.0198550718f, 0.0506142681f}, {0.101666761f, 0.111190517f},
      {0.237233795f, 0.156853323f},   {0.408282679f, 0.181341892f},
      {0.591717321f, 0.181341892f},   {0.762766205f, 0.156853323f},
      {0.898333239f, 0.111190517f},   {0.980144928f, 0.0506142681f}};
};

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
      const std::int32_t within =
          !(value < step.low[k]) & !(value >= step.high[k]);
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
