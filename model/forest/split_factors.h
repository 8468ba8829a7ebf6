// What one split of sixteen trees does to a row, for split_kernel.h: plain
// loops over the lanes without a branch, which every set of instructions has.
// Thread-safe.
#ifndef TENUTO_MODEL_FOREST_SPLIT_FACTORS_H_
#define TENUTO_MODEL_FOREST_SPLIT_FACTORS_H_

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

}  // namespace
}  // namespace tenuto

#endif  // TENUTO_MODEL_FOREST_SPLIT_FACTORS_H_
