#include "features/distinct_sketch.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace tenuto {
namespace {

constexpr int kRegisterBits = 7;

}  // namespace

void DistinctSketch::Add(std::uint64_t hash, int day) {
  const auto reg = static_cast<std::uint8_t>(hash >> (64 - kRegisterBits));
  const std::uint64_t rest = hash << kRegisterBits;
  const int rank = std::min(std::countl_zero(rest), 64 - kRegisterBits) + 1;
  Insert({day, static_cast<std::uint8_t>(rank), reg});
}

void DistinctSketch::Insert(const Entry& entry) {
  // Inside a register days fall and ranks rise strictly: the entries that are
  // newer than `entry` come first and must all have lower ranks.
  auto at = std::lower_bound(
      entries_.begin(), entries_.end(), entry.reg,
      [](const Entry& one, std::uint8_t reg) { return one.reg < reg; });
  const auto is_inside = [&](auto place) {
    return place != entries_.end() && place->reg == entry.reg;
  };
  for (; is_inside(at) && at->day > entry.day; ++at) {
    if (at->rank >= entry.rank) return;
  }
  if (is_inside(at) && at->day == entry.day && at->rank >= entry.rank) return;
  auto end = at;
  while (is_inside(end) && end->rank <= entry.rank) ++end;
  if (at == end) {
    entries_.insert(at, entry);
  } else {
    *at = entry;
    entries_.erase(at + 1, end);
  }
}

double EstimateDistinct(const RegisterSums& registers) {
  constexpr double kCount = DistinctSketch::kRegisters;
  constexpr double kAlpha = 0.7213 / (1 + 1.079 / kCount);
  constexpr double kUnit = 1.0 / (std::uint64_t{1} << RegisterSums::kUnitBits);
  static const auto* const kLinear = [] {
    auto* counts = new std::array<double, DistinctSketch::kRegisters + 1>;
    for (std::size_t empty = 1; empty < counts->size(); ++empty) {
      (*counts)[empty] = kCount * std::log(kCount / static_cast<double>(empty));
    }
    return counts;
  }();
  const double sum = static_cast<double>(registers.inverse) * kUnit;
  const double raw = kAlpha * kCount * kCount / sum;
  const int empty = std::clamp(registers.empty, 0, DistinctSketch::kRegisters);
  if (raw <= 2.5 * kCount && empty > 0) {
    return (*kLinear)[static_cast<std::size_t>(empty)];
  }
  return raw;
}

}  // namespace tenuto
