#include "training/world/draws.h"

#include <algorithm>
#include <cmath>

namespace tenuto::world {
namespace {

constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15u;
constexpr double kPoissonChunk = 16;

std::uint64_t Mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

double TailQuantile(double probability) {
  const double q = std::sqrt(-2 * std::log(probability));
  const double above =
      ((((-7.784894002430293e-03 * q - 3.223964580411365e-01) * q -
         2.400758277161838) *
            q -
        2.549732539343734) *
           q +
       4.374664141464968) *
          q +
      2.938163982698783;
  const double below =
      (((7.784695709041462e-03 * q + 3.224671290700398e-01) * q +
        2.445134137142996) *
           q +
       3.754408661907416) *
          q +
      1;
  return above / below;
}

int SmallPoisson(Draws& draws, double mean) {
  const double floor = std::exp(-mean);
  int count = 0;
  for (double product = draws.Uniform(); product > floor;
       product *= draws.Uniform()) {
    ++count;
  }
  return count;
}

}  // namespace

Draws::Draws(std::uint64_t seed, std::uint64_t user, std::uint64_t day,
             Purpose purpose) {
  std::uint64_t key = Mix(seed + kGolden);
  key = Mix(key ^ (user * 0xd1342543de82ef95u + kGolden));
  state_ =
      Mix(key + day * kGolden + (static_cast<std::uint64_t>(purpose) << 48));
}

std::uint64_t Draws::Next() { return Mix(state_ += kGolden); }

double Draws::Uniform() {
  return (static_cast<double>(Next() >> 11) + 0.5) * 0x1p-53;
}

int Draws::Below(int n) {
  const std::uint64_t high = Next() >> 32;
  return static_cast<int>((high * static_cast<std::uint64_t>(n)) >> 32);
}

double Draws::Normal() { return NormalQuantile(Uniform()); }

double Draws::Exponential(double mean) { return -mean * std::log(Uniform()); }

int Draws::Poisson(double mean) {
  int count = 0;
  for (; mean > kPoissonChunk; mean -= kPoissonChunk) {
    count += SmallPoisson(*this, kPoissonChunk);
  }
  return count + SmallPoisson(*this, std::max(mean, 0.0));
}

std::uint64_t SplitSeed(std::uint64_t seed, std::uint64_t n) {
  return Draws(seed, n, 0, Purpose::kTruth).Next();
}

double NormalQuantile(double probability) {
  constexpr double kTail = 0.02425;
  if (probability < kTail) return TailQuantile(probability);
  if (probability > 1 - kTail) return -TailQuantile(1 - probability);
  const double q = probability - 0.5;
  const double r = q * q;
  const double above =
      (((((-3.969683028665376e+01 * r + 2.209460984245205e+02) * r -
          2.759285104469687e+02) *
             r +
         1.383577518672690e+02) *
            r -
        3.066479806614716e+01) *
           r +
       2.506628277459239) *
      q;
  const double below =
      ((((-5.447609879822406e+01 * r + 1.615858368580409e+02) * r -
         1.556989798598866e+02) *
            r +
        6.680131188771972e+01) *
           r -
       1.328068155288572e+01) *
          r +
      1;
  return above / below;
}

double Logistic(double x) { return 1 / (1 + std::exp(-x)); }

}  // namespace tenuto::world
