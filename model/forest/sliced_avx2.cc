#include "model/forest/sliced_avx2.h"

#if defined(__AVX2__)
#include <immintrin.h>

#include "model/forest/sliced_planes.h"
#include "model/forest/sliced_slices.h"
#include "model/forest/sliced_trees.h"

namespace tenuto {
namespace {

struct Lanes256 {
  using Slice = __m256i;
  static constexpr std::size_t kRows = kSliced256Rows;
  static constexpr std::size_t kBytes = 32;
  static constexpr std::size_t kLanes = 8;

  static Slice Load(const std::uint8_t* from) {
    return _mm256_load_si256(reinterpret_cast<const Slice*>(from));
  }
  static void Store(std::uint8_t* to, Slice a) {
    _mm256_store_si256(reinterpret_cast<Slice*>(to), a);
  }
  static Slice Zero() { return _mm256_setzero_si256(); }
  static Slice And(Slice a, Slice b) { return _mm256_and_si256(a, b); }
  static Slice AndNot(Slice a, Slice b) { return _mm256_andnot_si256(a, b); }
  static Slice Or(Slice a, Slice b) { return _mm256_or_si256(a, b); }
  static Slice Not(Slice a) {
    return _mm256_xor_si256(a, _mm256_set1_epi8(-1));
  }
  static Slice OrAnd(Slice a, Slice b, Slice c) { return Or(a, And(b, c)); }
  static Slice Select(Slice condition, Slice yes, Slice no) {
    return _mm256_xor_si256(no, And(condition, _mm256_xor_si256(yes, no)));
  }

  static void Turn(const float* const* row, std::size_t columns, float* turned);
  static void Search(const float* values, std::uint32_t levels,
                     const float* pivots, std::uint8_t* planes);
  template <int kDepth>
  static void AddLeaves(const Slice* path, const SlicedForestView& forest,
                        const SlicedTree& tree, float* sums);
};

void Lanes256::Turn(const float* const* row, std::size_t columns,
                    float* turned) {
  const __m256i inside = _mm256_cmpgt_epi32(
      _mm256_set1_epi32(columns < kLanes ? static_cast<int>(columns) : 8),
      _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0));
  __m256 quad[8];
  for (int r = 0; r < 8; r += 4) {
    const __m256 a = _mm256_maskload_ps(row[r], inside);
    const __m256 b = _mm256_maskload_ps(row[r + 1], inside);
    const __m256 c = _mm256_maskload_ps(row[r + 2], inside);
    const __m256 d = _mm256_maskload_ps(row[r + 3], inside);
    const __m256d ab_low = _mm256_castps_pd(_mm256_unpacklo_ps(a, b));
    const __m256d ab_high = _mm256_castps_pd(_mm256_unpackhi_ps(a, b));
    const __m256d cd_low = _mm256_castps_pd(_mm256_unpacklo_ps(c, d));
    const __m256d cd_high = _mm256_castps_pd(_mm256_unpackhi_ps(c, d));
    quad[r] = _mm256_castpd_ps(_mm256_unpacklo_pd(ab_low, cd_low));
    quad[r + 1] = _mm256_castpd_ps(_mm256_unpackhi_pd(ab_low, cd_low));
    quad[r + 2] = _mm256_castpd_ps(_mm256_unpacklo_pd(ab_high, cd_high));
    quad[r + 3] = _mm256_castpd_ps(_mm256_unpackhi_pd(ab_high, cd_high));
  }
  // quad[4 g + i] holds column i of rows 4 g... and, behind, column 4 + i.
  for (std::size_t i = 0; i < 4; ++i) {
    _mm256_store_ps(turned + i * kTurnedStride,
                    _mm256_permute2f128_ps(quad[i], quad[4 + i], 0x20));
    _mm256_store_ps(turned + (4 + i) * kTurnedStride,
                    _mm256_permute2f128_ps(quad[i], quad[4 + i], 0x31));
  }
}

template <int kLevels>
void SearchColumn(const float* values, const float* pivots,
                  std::uint8_t* planes) {
  const __m256 first = _mm256_set1_ps(pivots[1]);
  const __m256 tables[3] = {_mm256_loadu_ps(pivots + 2),
                            _mm256_loadu_ps(pivots + 4),
                            _mm256_loadu_ps(pivots + 8)};
  for (std::size_t r = 0; r < kTurnedRows; r += Lanes256::kLanes) {
    const __m256 lanes = _mm256_load_ps(values + r);
    __m256i found = _mm256_setzero_si256();
    std::uint8_t* const to = planes + r / 8;
    for (int level = 0; level < kLevels; ++level) {
      const __m256 pivot =
          level == 0   ? first
          : level <= 3 ? _mm256_permutevar8x32_ps(tables[level - 1], found)
                       : _mm256_i32gather_ps(pivots + (1 << level), found, 4);
      const __m256 outcome = _mm256_cmp_ps(lanes, pivot, _CMP_GE_OQ);
      found = _mm256_or_si256(found,
                              _mm256_and_si256(_mm256_castps_si256(outcome),
                                               _mm256_set1_epi32(1 << level)));
      to[static_cast<std::size_t>(kLevels - 1 - level) * 32] =
          static_cast<std::uint8_t>(_mm256_movemask_ps(outcome));
    }
    to[kSlicedMissing * 32] = static_cast<std::uint8_t>(
        _mm256_movemask_ps(_mm256_cmp_ps(lanes, lanes, _CMP_UNORD_Q)));
  }
}

void Lanes256::Search(const float* values, std::uint32_t levels,
                      const float* pivots, std::uint8_t* planes) {
  switch (levels) {
    case 1:
      return SearchColumn<1>(values, pivots, planes);
    case 2:
      return SearchColumn<2>(values, pivots, planes);
    case 3:
      return SearchColumn<3>(values, pivots, planes);
    case 4:
      return SearchColumn<4>(values, pivots, planes);
    case 5:
      return SearchColumn<5>(values, pivots, planes);
    case 6:
      return SearchColumn<6>(values, pivots, planes);
    case 7:
      return SearchColumn<7>(values, pivots, planes);
    default:
      return SearchColumn<8>(values, pivots, planes);
  }
}

// Leaf numbers of 32 rows as bytes, from the bits of each plane.
template <int kDepth>
[[gnu::always_inline]] inline __m256i LeafNumbers(
    const std::uint32_t (*planes)[8], std::size_t rows) {
  const __m256i spread =
      _mm256_set_epi8(3, 3, 3, 3, 3, 3, 3, 3, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1,
                      1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0);
  const __m256i bit =
      _mm256_set1_epi64x(static_cast<long long>(0x8040201008040201ULL));
  __m256i numbers = _mm256_setzero_si256();
  for (int p = 0; p < kDepth; ++p) {
    const __m256i eight = _mm256_shuffle_epi8(
        _mm256_set1_epi32(static_cast<int>(planes[p][rows])), spread);
    const __m256i set = _mm256_cmpeq_epi8(_mm256_and_si256(eight, bit), bit);
    numbers = _mm256_or_si256(
        numbers,
        _mm256_and_si256(set, _mm256_set1_epi8(static_cast<char>(1 << p))));
  }
  return numbers;
}

template <int kDepth>
[[gnu::always_inline]] inline void Lanes256::AddLeaves(
    const Slice* path, const SlicedForestView& forest, const SlicedTree& tree,
    float* sums) {
  const float* const leaves = forest.leaves + tree.first_leaf;
  alignas(32) std::uint32_t planes[kDepth][8];
  for (int p = 0; p < kDepth; ++p) {
    _mm256_store_si256(reinterpret_cast<__m256i*>(planes[p]), path[p]);
  }
  for (std::size_t q = 0; q < 8; ++q) {
    alignas(32) std::uint8_t numbers[32];
    Store(numbers, LeafNumbers<kDepth>(planes, q));
    for (std::size_t k = 0; k < 32; k += 8) {
      const __m256i eight = _mm256_cvtepu8_epi32(
          _mm_loadl_epi64(reinterpret_cast<const __m128i*>(numbers + k)));
      float* const to = sums + 32 * q + k;
      _mm256_store_ps(to, _mm256_add_ps(_mm256_load_ps(to),
                                        _mm256_i32gather_ps(leaves, eight, 4)));
    }
  }
}

}  // namespace

void MakeSlicesAvx2(const SlicedColumnsView& columns, const float* rows,
                    std::size_t count, float* turned, std::uint8_t* planes,
                    std::uint8_t* slices) {
  sliced::MakePlanes<Lanes256>(columns, rows, count, turned, planes);
  sliced::MakeSlices<Lanes256>(columns, planes, slices);
}

void SlicedMarginsAvx2(const SlicedForestView& forest,
                       const std::uint8_t* slices, float* sums,
                       std::size_t count, float* margins) {
  sliced::AddTrees<Lanes256>(forest, slices, sums);
  for (std::size_t r = 0; r < count; ++r) margins[r] = sums[r];
}

}  // namespace tenuto

#endif
