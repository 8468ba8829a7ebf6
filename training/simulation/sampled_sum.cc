#include "training/simulation/sampled_sum.h"

#include <algorithm>
#include <cmath>

namespace tenuto {

// A subscriber's m payments are off their mean by S - m mean in all. The sum of
// the squares of that, with S^2 and S m written out as sums over payments and
// pairs; the mean is found from the same payments, which makes it too small by
// 1 - sum of m^2 / n^2.
double VarianceOf(const SampledSum& sum, const SampleSize& size) {
  const double n = size.payments;
  const double sizes_squared = n + 2 * size.pairs;
  const double independent = 1 - sizes_squared / (n * n);
  constexpr double kRounding = 1e-9;
  if (n < 2 || independent < kRounding) return 0;
  const double mean = sum.total / n;
  const double off = sum.squares + 2 * sum.pair_products -
                     2 * mean * (sum.total + sum.pair_totals) +
                     mean * mean * sizes_squared;
  return std::max(0.0, off) / independent;
}

Estimate WithVariance(double total, double variance) {
  constexpr double kZ = 1.959964;
  const double half = kZ * std::sqrt(variance);
  return {total, total - half, total + half};
}

Estimate TotalOf(const SampledSum& sum, const SampleSize& size) {
  return WithVariance(sum.total, VarianceOf(sum, size));
}

}  // namespace tenuto
