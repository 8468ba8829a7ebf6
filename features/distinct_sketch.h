// How many different things in the last n days, for every n at once, in bounded
// bytes: a sliding HyperLogLog (Chabchoub & Hebrail 2010). Each of 128
// registers keeps the (day, rank) pairs that no newer pair with a rank at least
// as high has made useless. Standard error 1.04 / sqrt(128) = 9.2 %.
// Merging is the union; the order of additions does not matter. What it counts
// in a window is in register_sums.h.
//
// Additions of one day are gathered as the highest rank of each register, which
// needs neither a search nor a guess, and put in their place all at once.
#ifndef TENUTO_FEATURES_DISTINCT_SKETCH_H_
#define TENUTO_FEATURES_DISTINCT_SKETCH_H_

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace tenuto {

// Value type; not thread-safe: reading it puts gathered additions in their
// place.
class DistinctSketch {
 public:
  static constexpr int kRegisters = 128;

  struct Entry {
    int day = 0;
    std::uint8_t rank = 0;  // 1-58
    std::uint8_t reg = 0;   // 0-127
    friend bool operator==(const Entry&, const Entry&) = default;
  };

  void Add(std::uint64_t hash, int day) {
    if (day != day_) {
      Settle();
      day_ = day;
    }
    const std::uint64_t reg = hash >> (64 - kRegisterBits);
    const int zeros =
        std::min(std::countl_zero(hash << kRegisterBits), 64 - kRegisterBits);
    ranks_[reg] = std::max(ranks_[reg], static_cast<std::uint8_t>(zeros + 1));
    gathered_[reg >> 6] |= std::uint64_t{1} << (reg & 63);
  }
  // Adds an entry that comes after all others in the order of entries(), to a
  // sketch to which nothing was added otherwise.
  void Append(const Entry& entry) { entries_.push_back(entry); }
  void Clear();

  absl::Span<const Entry> entries() const;

 private:
  static constexpr int kRegisterBits = 7;

  // Puts what was gathered in its place.
  void Settle() const {
    if ((gathered_[0] | gathered_[1]) != 0) SettleDay();
  }
  void SettleDay() const;
  void Insert(const Entry& entry) const;
  // Many at once, in one pass over all entries.
  void Merge() const;
  template <typename Visit>
  void ForEachGathered(Visit visit) const;
  // Index of the first entry of the register, or where it would be.
  std::ptrdiff_t FirstOf(std::uint8_t reg) const;

  mutable std::vector<Entry> entries_;
  // Of the additions to `day_` that are not among the entries yet: the highest
  // rank of each register, and a bit for each register that has one.
  int day_ = 0;
  mutable std::array<std::uint8_t, kRegisters> ranks_{};
  mutable std::array<std::uint64_t, kRegisters / 64> gathered_{};
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_DISTINCT_SKETCH_H_
