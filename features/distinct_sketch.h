// How many different things in the last n days, for every n at once, in bounded
// bytes: a sliding HyperLogLog (Chabchoub & Hebrail 2010). Each of 128
// registers keeps the (day, rank) pairs that no newer pair with a rank at least
// as high has made useless. Standard error 1.04 / sqrt(128) = 9.2 %.
// Merging is the union; the order of additions does not matter.
#ifndef TENUTO_FEATURES_DISTINCT_SKETCH_H_
#define TENUTO_FEATURES_DISTINCT_SKETCH_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace tenuto {

// Value type; not thread-safe.
class DistinctSketch {
 public:
  static constexpr int kRegisters = 128;

  struct Entry {
    int day = 0;
    std::uint8_t rank = 0;  // 1-58
    std::uint8_t reg = 0;   // 0-127
    friend bool operator==(const Entry&, const Entry&) = default;
  };

  // By rising register, then falling day and rising rank; ranks are not 0.
  static bool InOrder(const Entry& before, const Entry& entry) {
    if (entry.rank == 0 || before.rank == 0) return entry.rank != 0;
    if (entry.reg != before.reg) return entry.reg > before.reg;
    return entry.day < before.day && entry.rank > before.rank;
  }

  void Add(std::uint64_t hash, int day);
  // Adds an entry that comes after all others in the order of entries().
  void Append(const Entry& entry) { entries_.push_back(entry); }
  void Clear() { entries_.clear(); }

  absl::Span<const Entry> entries() const { return entries_; }

 private:
  void Insert(const Entry& entry);

  std::vector<Entry> entries_;
};

// What the estimate needs of the highest rank of every register, as exact
// integers: the order in which ranks are raised does not matter, and what
// windows add to each other can be added up. Value type; not thread-safe.
struct RegisterSums {
  static constexpr int kUnitBits = 50;  // Ranks above it count as it.
  static RegisterSums Empty() {
    return {std::uint64_t{DistinctSketch::kRegisters} << kUnitBits,
            DistinctSketch::kRegisters};
  }

  // A register whose highest rank was `from` (0: none) now has `to`.
  void Raise(int from, int to) {
    inverse += Inverse(to) - Inverse(from);
    if (from == 0) --empty;
  }
  void Add(const RegisterSums& other) {
    inverse += other.inverse;
    empty += other.empty;
  }

  std::uint64_t inverse = 0;  // Sum of 2^-rank, in units of 2^-50.
  int empty = 0;              // Registers of rank 0.

 private:
  static std::uint64_t Inverse(int rank) {
    return std::uint64_t{1} << (kUnitBits - std::min(rank, kUnitBits));
  }
};

// The number of different things (Flajolet et al. 2007, with linear counting
// below 2.5 * 128). Never infinite for the sums of a sketch.
double EstimateDistinct(const RegisterSums& registers);

}  // namespace tenuto

#endif  // TENUTO_FEATURES_DISTINCT_SKETCH_H_
