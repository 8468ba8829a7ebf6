// How many different things in the last n days, for every n at once, in bounded
// bytes: a sliding HyperLogLog (Chabchoub & Hebrail 2010). Each of 128
// registers keeps the (day, rank) pairs that no newer pair with a rank at least
// as high has made useless. Standard error 1.04 / sqrt(128) = 9.2 %.
// Merging is the union; the order of additions does not matter.
#ifndef TENUTO_FEATURES_DISTINCT_SKETCH_H_
#define TENUTO_FEATURES_DISTINCT_SKETCH_H_

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

  void Add(std::uint64_t hash, int day);
  void Insert(const Entry& entry);
  void Clear() { entries_.clear(); }

  // By rising register, then falling day (and so rising rank).
  absl::Span<const Entry> entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
};

// Estimate from the highest rank of each register (0: none) (Flajolet et al.
// 2007, with linear counting below 2.5 * 128).
double EstimateDistinct(absl::Span<const std::uint8_t> ranks);

}  // namespace tenuto

#endif  // TENUTO_FEATURES_DISTINCT_SKETCH_H_
