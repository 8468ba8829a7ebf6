// Rank coding: what a forest can learn of a value is how many of its thresholds
// are at or below it. That count, the rank, fits a byte, so every later
// comparison is one of bytes and exact by construction.
// Thread-safe: immutable after Of().
#ifndef TENUTO_MODEL_FOREST_RANK_COLUMNS_H_
#define TENUTO_MODEL_FOREST_RANK_COLUMNS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "model/forest/forest.h"

namespace tenuto {

// The code of a missing value. Ranks end one below.
inline constexpr std::uint8_t kMissingCode = 255;
inline constexpr std::size_t kThresholdsPerColumnMax = 254;

// One byte of a coded row. An input column with more thresholds than a byte can
// count becomes several, each counting in its own stretch of them.
struct RankColumn {
  std::int32_t input = 0;         // Column of the row.
  std::vector<float> thresholds;  // Ascending, distinct.
};

// The test of a split on a coded row: right where code > rank.
struct RankedSplit {
  std::uint32_t column = 0;
  std::uint8_t rank = 0;
};

// The columns that several forests over the same rows share.
class RankColumns {
 public:
  static RankColumns Of(absl::Span<const Forest> forests);

  absl::Span<const RankColumn> columns() const { return columns_; }
  // Of a threshold that stands in one of the forests.
  RankedSplit Find(std::int32_t input, float threshold) const;

 private:
  std::vector<RankColumn> columns_;
  std::vector<std::uint32_t> first_of_input_;  // And one behind the last.
};

}  // namespace tenuto

#endif  // TENUTO_MODEL_FOREST_RANK_COLUMNS_H_
