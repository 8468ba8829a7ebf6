#include "features/register_sums.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace tenuto {

double EstimateDistinct(const RegisterSums& registers) {
  constexpr double kCount = DistinctSketch::kRegisters;
  constexpr double kAlpha = 0.7213 / (1 + 1.079 / kCount);
  static const auto* const kLinear = [] {
    auto* counts = new std::array<double, DistinctSketch::kRegisters + 1>;
    for (std::size_t empty = 1; empty < counts->size(); ++empty) {
      (*counts)[empty] = kCount * std::log(kCount / static_cast<double>(empty));
    }
    return counts;
  }();
  const double raw = kAlpha * kCount * kCount / registers.inverse();
  const int empty = std::min(registers.empty(), DistinctSketch::kRegisters);
  if (raw <= 2.5 * kCount && empty > 0) {
    return (*kLinear)[static_cast<std::size_t>(empty)];
  }
  return raw;
}

}  // namespace tenuto
