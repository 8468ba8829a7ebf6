#include "features/distinct_sketch.h"

#include <algorithm>
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

void DistinctSketch::Clear() {
  entries_.clear();
  begin_.fill(0);
}

void DistinctSketch::Assign(absl::Span<const Entry> entries) {
  entries_.assign(entries.begin(), entries.end());
  std::size_t at = 0;
  for (std::size_t reg = 0; reg < begin_.size(); ++reg) {
    while (at < entries_.size() && entries_[at].reg < reg) ++at;
    begin_[reg] = static_cast<std::uint16_t>(at);
  }
}

void DistinctSketch::Insert(const Entry& entry) {
  // Inside a register days fall and ranks rise strictly: the entries that are
  // newer than `entry` come first and must all have lower ranks.
  const std::size_t reg = entry.reg;
  std::size_t at = begin_[reg];
  const std::size_t stop = begin_[reg + 1];
  while (at < stop && entries_[at].day > entry.day) {
    if (entries_[at++].rank >= entry.rank) return;
  }
  if (at < stop && entries_[at].day == entry.day &&
      entries_[at].rank >= entry.rank) {
    return;
  }
  std::size_t end = at;
  while (end < stop && entries_[end].rank <= entry.rank) ++end;
  const auto place = entries_.begin() + static_cast<std::ptrdiff_t>(at);
  if (at == end) {
    entries_.insert(place, entry);
  } else {
    *place = entry;
    entries_.erase(place + 1,
                   entries_.begin() + static_cast<std::ptrdiff_t>(end));
  }
  const auto moved = static_cast<std::uint16_t>(1 + at - end);
  for (std::size_t next = reg + 1; next < begin_.size(); ++next) {
    begin_[next] = static_cast<std::uint16_t>(begin_[next] + moved);
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
