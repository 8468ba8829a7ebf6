// The kernel of SplitGroups, compiled as path_kernel.h is. With P the product
// of the factors on the way to a split, and S the sum over the leaves below
// it of their values times the factors in between, both at a point t of the
// quadrature, the split's column is given the integral of
//
//   P S (o - z) / (o t + z (1 - t)),
//
// o and z of all splits on the column down to this one, less the same of its
// splits above only: what is given up there is taken back for the leaves below.
// Thread-safe.
#ifndef TENUTO_MODEL_FOREST_SPLIT_KERNEL_H_
#define TENUTO_MODEL_FOREST_SPLIT_KERNEL_H_

#include <cstddef>
#include <cstdint>

#include "model/forest/quadrature.h"
#include "model/forest/split_factors.h"
#include "model/forest/split_groups.h"

namespace tenuto {
namespace {

// Walks the steps of one group in preorder.
template <int kNodes>
class SplitWalk {
 public:
  SplitWalk(const SplitStep* steps, const float* leaves, const float* row,
            double* sums)
      : step_(steps), leaf_(leaves), row_(row), sums_(sums) {}

  // `levels` are left, this one's among them. Multiplies `product`, P on the
  // way here, by S.
  void Walk(std::uint32_t level, std::uint32_t levels, const std::uint32_t* met,
            SplitLanes<kNodes>& product) {
    const SplitStep& step = *step_++;
    SplitFactors<kNodes> factors;
    FindFactors<kNodes>(step, row_, met, factors);
    for (int q = 0; q < kNodes; ++q) {
      for (std::size_t k = 0; k < kPathLanes; ++k) {
        factors.left.at[q][k] *= product.at[q][k];
        factors.right.at[q][k] *= product.at[q][k];
      }
    }
    GoOn(level, levels, met, factors.met_left, factors.left);
    GoOn(level, levels, met, factors.met_right, factors.right);
    alignas(64) float gives[kPathLanes] = {};
    for (int q = 0; q < kNodes; ++q) {
      for (std::size_t k = 0; k < kPathLanes; ++k) {
        const float left = factors.left.at[q][k];
        const float right = factors.right.at[q][k];
        gives[k] += left * factors.left_gives.at[q][k] +
                    right * factors.right_gives.at[q][k];
        product.at[q][k] = left + right;
      }
    }
    for (std::size_t k = 0; k < kPathLanes; ++k) {
      sums_[step.column[k]] += static_cast<double>(gives[k]);
    }
  }

 private:
  void GoOn(std::uint32_t level, std::uint32_t levels, const std::uint32_t* met,
            const std::uint32_t* met_here, SplitLanes<kNodes>& product) {
    if (levels == 1) {
      for (int q = 0; q < kNodes; ++q) {
        for (std::size_t k = 0; k < kPathLanes; ++k) {
          product.at[q][k] *= leaf_[k];
        }
      }
      leaf_ += kPathLanes;
      return;
    }
    alignas(64) std::uint32_t met_below[kPathLanes];
    for (std::size_t k = 0; k < kPathLanes; ++k) {
      met_below[k] = met[k] | met_here[k] << level;
    }
    Walk(level + 1, levels - 1, met_below, product);
  }

  const SplitStep* step_;
  const float* leaf_;
  const float* row_;
  double* sums_;
};

template <int kNodes>
void AddSplitGroup(const SplitGroups::Group& group, const SplitStep* steps,
                   const float* leaves, const float* row, double* sums) {
  constexpr const QuadraturePoint* kPoints = Quadrature<kNodes>::kPoints;
  SplitLanes<kNodes> product;
  for (int q = 0; q < kNodes; ++q) {
    for (std::size_t k = 0; k < kPathLanes; ++k) {
      product.at[q][k] = kPoints[q].weight;
    }
  }
  alignas(64) std::uint32_t met[kPathLanes];
  for (std::size_t k = 0; k < kPathLanes; ++k) met[k] = 1u << kNoLevelAbove;
  SplitWalk<kNodes>(steps, leaves, row, sums)
      .Walk(0, group.depth, met, product);
}

void AddAllSplits(const SplitGroups& trees, const float* row, double* sums) {
  using AddOne = void (*)(const SplitGroups::Group&, const SplitStep*,
                          const float*, const float*, double*);
  // By the nodes that are exact for so many levels.
  static constexpr AddOne kAdd[] = {
      AddSplitGroup<1>, AddSplitGroup<2>, AddSplitGroup<3>, AddSplitGroup<4>,
      AddSplitGroup<5>, AddSplitGroup<6>, AddSplitGroup<7>, AddSplitGroup<8>};
  static_assert(2 * (sizeof kAdd / sizeof *kAdd) == kTreeDepthMax);
  for (const SplitGroups::Group& group : trees.groups) {
    kAdd[(group.depth - 1) / 2](group, &trees.steps[group.first_step],
                                &trees.leaves[group.first_leaf], row, sums);
  }
}

}  // namespace
}  // namespace tenuto

#endif  // TENUTO_MODEL_FOREST_SPLIT_KERNEL_H_
