#include "model/forest/row_coder.h"

#include <algorithm>
#include <bit>
#include <limits>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace tenuto {
namespace {

constexpr std::size_t kLanes = 16;
constexpr float kNothing = std::numeric_limits<float>::quiet_NaN();

// Of 16 ascending thresholds, where NaN may follow.
unsigned CountAtOrBelow(const float* thresholds, float value) {
#if defined(__SSE2__)
  // Every x86-64 has these; what is at or below stands in front.
  const __m128 lanes = _mm_set1_ps(value);
  const auto below = [&](std::size_t k) {
    return _mm_castps_si128(_mm_cmple_ps(_mm_load_ps(thresholds + k), lanes));
  };
  const __m128i bytes = _mm_packs_epi16(_mm_packs_epi32(below(0), below(4)),
                                        _mm_packs_epi32(below(8), below(12)));
  return static_cast<unsigned>(
      std::countr_one(static_cast<unsigned>(_mm_movemask_epi8(bytes))));
#else
  unsigned count = 0;
  for (std::size_t k = 0; k < kLanes; ++k) count += thresholds[k] <= value;
  return count;
#endif
}

}  // namespace

RowTables::RowTables(const RankColumns& columns) {
  for (const RankColumn& column : columns.columns()) {
    const std::vector<float>& thresholds = column.thresholds;
    const std::size_t first = blocks_.size();
    inputs_.push_back(static_cast<std::uint32_t>(column.input));
    first_block_.push_back(static_cast<std::uint32_t>(first / kLanes));
    blocks_.insert(blocks_.end(), thresholds.begin(), thresholds.end());
    // A value at or above every threshold finds a block without any.
    blocks_.resize(first + (thresholds.size() / kLanes + 1) * kLanes, kNothing);
    for (std::size_t b = 0; b < kLanes; ++b) {
      const std::size_t last = b * kLanes + kLanes - 1;
      pivots_.push_back(last < thresholds.size() ? thresholds[last] : kNothing);
    }
  }
}

void RowTables::CodeRow(const float* row, std::uint8_t* codes) const {
  for (std::size_t c = 0; c < inputs_.size(); ++c) {
    const float value = row[inputs_[c]];
    const unsigned block = CountAtOrBelow(&pivots_[c * kLanes], value);
    const float* const thresholds =
        blocks_.data() + (first_block_[c] + block) * kLanes;
    const unsigned rank = 16 * block + CountAtOrBelow(thresholds, value);
    // A branch on what is missing would be mispredicted.
    const unsigned missing = 0U - static_cast<unsigned>(value != value);
    codes[c] = static_cast<std::uint8_t>(rank | missing);
  }
}

CoderView RowTables::view() const {
  return {inputs_.size(), inputs_.data(), pivots_.data(), first_block_.data(),
          blocks_.data()};
}

std::size_t RowTables::size_bytes() const {
  return (inputs_.size() + first_block_.size()) * sizeof(std::uint32_t) +
         (pivots_.size() + blocks_.size()) * sizeof(float);
}

BlockTables::BlockTables(const RankColumns& columns, SliceForm slices,
                         std::size_t width)
    : width_(width) {
  const std::vector<std::uint32_t> first_slices = PlaceSlices(columns, slices);
  for (const RankColumn& column : columns.columns()) {
    const std::vector<float>& thresholds = column.thresholds;
    const auto levels =
        static_cast<std::uint32_t>(std::bit_width(thresholds.size()));
    const std::size_t first = pivots_.size();
    columns_.push_back({static_cast<std::uint32_t>(column.input), levels,
                        static_cast<std::uint32_t>(first),
                        first_slices[columns_.size()], SliceLows(column),
                        SliceHalves(column),
                        slices == SliceForm::kWhole
                            ? static_cast<std::uint32_t>(thresholds.size())
                            : 0});
    // Kernels load whole registers, 16 pivots from level 4 at 16.
    const std::size_t size = std::size_t{1} << levels;
    pivots_.resize(first + std::max<std::size_t>(size, 2 * kLanes), kNothing);
    for (std::uint32_t level = 0; level < levels; ++level) {
      for (std::size_t bits = 0; bits < (std::size_t{1} << level); ++bits) {
        // The first outcome is the highest bit of the rank.
        std::size_t rank = 0;
        for (std::uint32_t b = 0; b < level; ++b) {
          rank |= (bits >> b & 1) << (levels - 1 - b);
        }
        rank |= (std::size_t{1} << (levels - 1 - level)) - 1;
        if (rank < thresholds.size()) {
          pivots_[first + (std::size_t{1} << level) + bits] = thresholds[rank];
        }
      }
    }
  }
}

SlicedColumnsView BlockTables::view() const {
  return {width_, columns_.size(), columns_.data(), pivots_.data()};
}

std::size_t BlockTables::size_bytes() const {
  return columns_.size() * sizeof(SlicedColumn) +
         pivots_.size() * sizeof(float);
}

}  // namespace tenuto
