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
#include "model/forest/split_groups.h"

namespace tenuto {
namespace {

// `mask` is all ones or all zeros: plain bits, which need no branch in any set
// of instructions.
inline float Choose(std::uint32_t mask, float set, float otherwise) {
  return __builtin_bit_cast(
      float, (__builtin_bit_cast(std::uint32_t, set) & mask) |
                 (__builtin_bit_cast(std::uint32_t, otherwise) & ~mask));
}

template <int kNodes>
struct SplitLanes {
  alignas(64) float at[kNodes][kPathLanes];
};

// Of one split: what its children multiply P by, and what their P S gives the
// split's column.
template <int kNodes>
struct SplitFactors {
  SplitLanes<kNodes> left, right, left_gives, right_gives;
  // Does the row pass all splits on the column, this one to the left or right?
  alignas(64) std::uint32_t met_left[kPathLanes];
  alignas(64) std::uint32_t met_right[kPathLanes];
};

// `met` has a bit for each level above: that of its split on the way.
template <int kNodes>
inline void FindFactors(const SplitStep& step, const float* row,
                        const std::uint32_t* met, SplitFactors<kNodes>& found) {
  constexpr const QuadraturePoint* kPoints = Quadrature<kNodes>::kPoints;
  alignas(64) float value[kPathLanes];
  for (std::size_t k = 0; k < kPathLanes; ++k) value[k] = row[step.column[k]];
  alignas(64) std::uint32_t left[kPathLanes];  // All ones, or zeros.
  alignas(64)
      std::uint32_t open[kPathLanes];  // Are all met up to here? So too.
  for (std::size_t k = 0; k < kPathLanes; ++k) {
    const std::uint32_t missing = std::uint32_t{value[k] != value[k]};
    const std::uint32_t below = std::uint32_t{!(value[k] >= step.limit[k])};
    const std::uint32_t goes_left =
        (missing & step.default_left[k]) | (below & (missing ^ 1u));
    const std::uint32_t above = met[k] >> step.above_level[k] & 1u;
    found.met_left[k] = above & goes_left;
    found.met_right[k] = above & (goes_left ^ 1u);
    left[k] = 0u - goes_left;
    open[k] = 0u - above;
  }
  for (int q = 0; q < kNodes; ++q) {
    const float t = kPoints[q].at;
    const float rest = 1 - t;
    const float unmet = -1 / rest;
    for (std::size_t k = 0; k < kPathLanes; ++k) {
      const float z_above = step.share_above[k];
      const float z_left = z_above * step.left_part[k];
      const float z_right = z_above * step.right_part[k];
      const float z_met = Choose(left[k], z_left, z_right);
      const float z_unmet = Choose(left[k], z_right, z_left);
      const float f_above = t + rest * z_above;
      const float f_met = t + rest * z_met;
      const float inverse = 1 / (f_above * f_met);  // One division for two.
      const float back = (1 - z_above) * (f_met * inverse);
      const float met_gives = (1 - z_met) * (f_above * inverse) - back;
      const float unmet_gives = unmet - back;
      const float met_factor = f_met * (f_met * inverse);
      const float unmet_factor = rest * z_unmet * (f_met * inverse);
      // Where it is not open, the column's part is settled above.
      found.left.at[q][k] =
          Choose(open[k], Choose(left[k], met_factor, unmet_factor),
                 step.left_part[k]);
      found.right.at[q][k] =
          Choose(open[k], Choose(left[k], unmet_factor, met_factor),
                 step.right_part[k]);
      found.left_gives.at[q][k] =
          Choose(open[k], Choose(left[k], met_gives, unmet_gives), 0);
      found.right_gives.at[q][k] =
          Choose(open[k], Choose(left[k], unmet_gives, met_gives), 0);
    }
  }
}

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
