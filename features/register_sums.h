// The estimate of a HyperLogLog from the highest rank of every register, as one
// exact integer: the order in which ranks are raised does not matter, and what
// windows add to each other can be added up.
#ifndef TENUTO_FEATURES_REGISTER_SUMS_H_
#define TENUTO_FEATURES_REGISTER_SUMS_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "features/distinct_sketch.h"

namespace tenuto {

// Value type; not thread-safe.
class RegisterSums {
 public:
  // Of nothing; what Raise() does to it, Add() does to another.
  RegisterSums() = default;
  static RegisterSums Empty() {
    RegisterSums sums;
    sums.both_ = DistinctSketch::kRegisters * kOfRank[0];
    return sums;
  }

  // A register whose highest rank was `from` (0: none) now has `to`; 0 to 63.
  void Raise(int from, int to) { both_ += Of(to) - Of(from); }
  void Add(const RegisterSums& other) { both_ += other.both_; }

  // Sum of 2^-rank.
  double inverse() const {
    return static_cast<double>(both_ & (kRegisterWithout - 1)) /
           static_cast<double>(kOne);
  }
  // Registers of rank 0.
  int empty() const { return static_cast<int>(both_ / kRegisterWithout); }

 private:
  static constexpr int kUnitBits = 48;  // Ranks above it count as it.
  static constexpr std::uint64_t kOne = std::uint64_t{1} << kUnitBits;
  static constexpr std::uint64_t kRegisterWithout = std::uint64_t{1} << 56;
  // What a register of each rank adds. 128 of any of them do not overflow.
  static constexpr std::array<std::uint64_t, 64> kOfRank = [] {
    std::array<std::uint64_t, 64> all{};
    for (int rank = 0; rank < 64; ++rank) {
      all[static_cast<std::size_t>(rank)] = kOne >> std::min(rank, kUnitBits);
    }
    all[0] += kRegisterWithout;
    return all;
  }();
  static std::uint64_t Of(int rank) {
    return kOfRank[static_cast<std::size_t>(rank)];
  }

  // The sum of 2^-rank in units of 2^-48, and above it the registers of rank 0:
  // one addition raises both.
  std::uint64_t both_ = 0;
};

// The number of different things (Flajolet et al. 2007, with linear counting
// below 2.5 * 128). Never infinite for the sums of a sketch.
double EstimateDistinct(const RegisterSums& registers);

}  // namespace tenuto

#endif  // TENUTO_FEATURES_REGISTER_SUMS_H_
