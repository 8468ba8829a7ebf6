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

void DistinctSketch::Insert(const Entry& entry) {
  // Inside a register days fall and ranks rise strictly: the entries that are
  // newer than `entry` come first and must all have lower ranks.
  auto at =
      std::lower_bound(entries_.begin(), entries_.end(), entry,
                       [](const Entry& a, const Entry& b) {
                         return a.reg != b.reg ? a.reg < b.reg : a.day > b.day;
                       });
  if (at != entries_.end() && at->reg == entry.reg && at->day == entry.day) {
    if (at->rank >= entry.rank) return;
  } else if (at != entries_.begin() && std::prev(at)->reg == entry.reg &&
             std::prev(at)->rank >= entry.rank) {
    return;
  }
  auto end = at;
  while (end != entries_.end() && end->reg == entry.reg &&
         end->rank <= entry.rank) {
    ++end;
  }
  if (at == end) {
    entries_.insert(at, entry);
  } else {
    *at = entry;
    entries_.erase(at + 1, end);
  }
}

double EstimateDistinct(absl::Span<const std::uint8_t> ranks) {
  constexpr double kCount = DistinctSketch::kRegisters;
  constexpr double kAlpha = 0.7213 / (1 + 1.079 / kCount);
  double sum = 0;
  int empty = 0;
  for (const std::uint8_t rank : ranks) {
    sum += std::ldexp(1.0, -rank);
    if (rank == 0) ++empty;
  }
  const double raw = kAlpha * kCount * kCount / sum;
  if (raw <= 2.5 * kCount && empty > 0) {
    return kCount * std::log(kCount / empty);
  }
  return raw;
}

}  // namespace tenuto
