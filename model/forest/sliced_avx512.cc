#include "model/forest/sliced_avx512.h"

#if defined(__AVX512VBMI__) && defined(__GFNI__)
#include <immintrin.h>

#include "model/forest/sliced_planes.h"
#include "model/forest/sliced_slices.h"
#include "model/forest/sliced_trees.h"

namespace tenuto {
namespace {

struct Lanes512 {
  using Slice = __m512i;
  static constexpr std::size_t kRows = kSliced512Rows;
  static constexpr std::size_t kBytes = 64;
  static constexpr std::size_t kLanes = 16;

  static Slice Load(const std::uint8_t* from) {
    return _mm512_load_si512(from);
  }
  static void Store(std::uint8_t* to, Slice a) { _mm512_store_si512(to, a); }
  static Slice Zero() { return _mm512_setzero_si512(); }
  static Slice And(Slice a, Slice b) { return _mm512_and_si512(a, b); }
  static Slice AndNot(Slice a, Slice b) { return _mm512_andnot_si512(a, b); }
  static Slice Or(Slice a, Slice b) { return _mm512_or_si512(a, b); }
  static Slice Not(Slice a) { return _mm512_ternarylogic_epi64(a, a, a, 0x0F); }
  // The numbers are truth tables.
  static Slice OrAnd(Slice a, Slice b, Slice c) {
    return _mm512_ternarylogic_epi64(a, b, c, 0xF8);
  }
  static Slice Select(Slice condition, Slice yes, Slice no) {
    return _mm512_ternarylogic_epi64(condition, yes, no, 0xCA);
  }

  static void Turn(const float* const* row, std::size_t columns, float* turned);
  static void Search(const float* values, std::uint32_t levels,
                     const float* pivots, std::uint8_t* planes);
  template <int kDepth>
  static void AddLeaves(const Slice* path, const SlicedForestView& forest,
                        const SlicedTree& tree, float* sums);
};

// Rows become columns: four by four, then the quarters.
void Lanes512::Turn(const float* const* row, std::size_t columns,
                    float* turned) {
  const auto inside =
      static_cast<__mmask16>(columns >= kLanes ? 0xFFFFu : (1u << columns) - 1);
  __m512 quad[16];
  for (int r = 0; r < 16; r += 4) {
    const __m512 a = _mm512_maskz_loadu_ps(inside, row[r]);
    const __m512 b = _mm512_maskz_loadu_ps(inside, row[r + 1]);
    const __m512 c = _mm512_maskz_loadu_ps(inside, row[r + 2]);
    const __m512 d = _mm512_maskz_loadu_ps(inside, row[r + 3]);
    const __m512d ab_low = _mm512_castps_pd(_mm512_unpacklo_ps(a, b));
    const __m512d ab_high = _mm512_castps_pd(_mm512_unpackhi_ps(a, b));
    const __m512d cd_low = _mm512_castps_pd(_mm512_unpacklo_ps(c, d));
    const __m512d cd_high = _mm512_castps_pd(_mm512_unpackhi_ps(c, d));
    quad[r] = _mm512_castpd_ps(_mm512_unpacklo_pd(ab_low, cd_low));
    quad[r + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(ab_low, cd_low));
    quad[r + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(ab_high, cd_high));
    quad[r + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(ab_high, cd_high));
  }
  // quad[4 g + i] holds column 4 q + i of rows 4 g... in its quarter q.
  for (std::size_t i = 0; i < 4; ++i) {
    const __m512 even_low = _mm512_shuffle_f32x4(quad[i], quad[4 + i], 0x88);
    const __m512 odd_low = _mm512_shuffle_f32x4(quad[i], quad[4 + i], 0xDD);
    const __m512 even_high =
        _mm512_shuffle_f32x4(quad[8 + i], quad[12 + i], 0x88);
    const __m512 odd_high =
        _mm512_shuffle_f32x4(quad[8 + i], quad[12 + i], 0xDD);
    float* const to = turned + i * kTurnedStride;
    _mm512_store_ps(to, _mm512_shuffle_f32x4(even_low, even_high, 0x88));
    _mm512_store_ps(to + 4 * kTurnedStride,
                    _mm512_shuffle_f32x4(odd_low, odd_high, 0x88));
    _mm512_store_ps(to + 8 * kTurnedStride,
                    _mm512_shuffle_f32x4(even_low, even_high, 0xDD));
    _mm512_store_ps(to + 12 * kTurnedStride,
                    _mm512_shuffle_f32x4(odd_low, odd_high, 0xDD));
  }
}

// The pivot of each lane at one level, by the bits found so far.
template <int kLevel>
[[gnu::always_inline]] inline __m512 Pivot(const float* level, __m512i found,
                                           const __mmask16* outcome) {
  if constexpr (kLevel == 0) {
    return _mm512_set1_ps(*level);
  } else if constexpr (kLevel <= 4) {
    return _mm512_permutexvar_ps(found, _mm512_loadu_ps(level));
  } else if constexpr (kLevel == 5) {
    return _mm512_permutex2var_ps(_mm512_loadu_ps(level), found,
                                  _mm512_loadu_ps(level + 16));
  } else {
    constexpr int kHalf = 1 << (kLevel - 1);
    return _mm512_mask_mov_ps(Pivot<kLevel - 1>(level, found, outcome),
                              outcome[kLevel - 1],
                              Pivot<kLevel - 1>(level + kHalf, found, outcome));
  }
}

template <int kLevels, int kLevel = 0>
[[gnu::always_inline]] inline void SearchLanes(const float* pivots,
                                               __m512 values, __m512i found,
                                               __mmask16* outcome) {
  if constexpr (kLevel < kLevels) {
    const __m512 pivot = Pivot<kLevel>(pivots + (1 << kLevel), found, outcome);
    outcome[kLevel] = _mm512_cmp_ps_mask(values, pivot, _CMP_GE_OQ);
    found = _mm512_mask_or_epi32(found, outcome[kLevel], found,
                                 _mm512_set1_epi32(1 << kLevel));
    SearchLanes<kLevels, kLevel + 1>(pivots, values, found, outcome);
  }
}

template <int kLevels>
void SearchColumn(const float* values, const float* pivots,
                  std::uint8_t* planes) {
  for (std::size_t r = 0; r < kTurnedRows; r += Lanes512::kLanes) {
    const __m512 lanes = _mm512_load_ps(values + r);
    __mmask16 outcome[kLevels];
    SearchLanes<kLevels>(pivots, lanes, _mm512_setzero_si512(), outcome);
    auto* const to = reinterpret_cast<std::uint16_t*>(planes + r / 8);
    for (int level = 0; level < kLevels; ++level) {
      to[static_cast<std::size_t>(kLevels - 1 - level) * 32] = outcome[level];
    }
    to[kSlicedMissing * 32] = _mm512_cmp_ps_mask(lanes, lanes, _CMP_UNORD_Q);
  }
}

void Lanes512::Search(const float* values, std::uint32_t levels,
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

// Leaf numbers of 512 rows as bytes. Of number q: in its quarter l, the 16 rows
// from 128 l + 16 q on.
template <int kDepth>
[[gnu::always_inline]] inline void LeafNumbers(const __m512i* path,
                                               __m512i* numbers) {
  const auto plane = [path](int k) __attribute__((always_inline)) {
    return k < kDepth ? path[k < kDepth ? k : 0] : _mm512_setzero_si512();
  };
  // Eight planes byte by byte, the last plane first as the bit matrix wants it.
  __m512i words[4][2];
  for (int k = 0; k < 4; ++k) {
    words[k][0] = _mm512_unpacklo_epi8(plane(7 - 2 * k), plane(6 - 2 * k));
    words[k][1] = _mm512_unpackhi_epi8(plane(7 - 2 * k), plane(6 - 2 * k));
  }
  const __m512i identity =
      _mm512_set1_epi64(static_cast<long long>(0x8040201008040201ULL));
  for (int half = 0; half < 2; ++half) {
    const __m512i low[2] = {
        _mm512_unpacklo_epi16(words[0][half], words[1][half]),
        _mm512_unpackhi_epi16(words[0][half], words[1][half])};
    const __m512i high[2] = {
        _mm512_unpacklo_epi16(words[2][half], words[3][half]),
        _mm512_unpackhi_epi16(words[2][half], words[3][half])};
    for (int k = 0; k < 2; ++k) {
      const int q = 4 * half + 2 * k;
      numbers[q] = _mm512_gf2p8affine_epi64_epi8(
          identity, _mm512_unpacklo_epi32(low[k], high[k]), 0);
      numbers[q + 1] = _mm512_gf2p8affine_epi64_epi8(
          identity, _mm512_unpackhi_epi32(low[k], high[k]), 0);
    }
  }
}

// One byte of the leaves: a table of up to 256 entries.
template <int kDepth>
struct LeafTable {
  static constexpr int kRegisters = kDepth == 8 ? 4 : kDepth == 7 ? 2 : 1;
  __m512i entries[kRegisters];

  [[gnu::always_inline]] void Load(const std::uint8_t* from) {
    if constexpr (kDepth <= 4) {
      entries[0] = _mm512_broadcast_i32x4(
          _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
    } else if constexpr (kDepth == 5) {
      entries[0] = _mm512_broadcast_i64x4(
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
    } else {
      for (int k = 0; k < kRegisters; ++k) {
        entries[k] = _mm512_loadu_si512(from + 64 * k);
      }
    }
  }

  [[gnu::always_inline]] __m512i At(__m512i number) const {
    if constexpr (kDepth <= 4) {
      return _mm512_shuffle_epi8(entries[0], number);
    } else if constexpr (kDepth <= 6) {
      return _mm512_permutexvar_epi8(number, entries[0]);
    } else if constexpr (kDepth == 7) {
      return _mm512_permutex2var_epi8(entries[0], number, entries[1]);
    } else {
      return _mm512_mask_mov_epi8(
          _mm512_permutex2var_epi8(entries[0], number, entries[1]),
          _mm512_movepi8_mask(number),
          _mm512_permutex2var_epi8(entries[2], number, entries[3]));
    }
  }
};

// sums[16 (4 q + v) + 4 l + e] is of row 128 l + 16 q + 4 v + e.
template <int kDepth>
[[gnu::always_inline]] inline void Lanes512::AddLeaves(
    const Slice* path, const SlicedForestView& forest, const SlicedTree& tree,
    float* sums) {
  __m512i numbers[8];
  LeafNumbers<kDepth>(path, numbers);
  constexpr std::size_t kEntries = kDepth < 4 ? 16 : 1 << kDepth;
  LeafTable<kDepth> bytes[4];
  for (std::size_t b = 0; b < 4; ++b) {
    bytes[b].Load(forest.leaf_bytes + tree.first_leaf + b * kEntries);
  }
  for (int q = 0; q < 8; ++q) {
    const __m512i b0 = bytes[0].At(numbers[q]);
    const __m512i b1 = bytes[1].At(numbers[q]);
    const __m512i b2 = bytes[2].At(numbers[q]);
    const __m512i b3 = bytes[3].At(numbers[q]);
    const __m512i low[2] = {_mm512_unpacklo_epi8(b0, b1),
                            _mm512_unpackhi_epi8(b0, b1)};
    const __m512i high[2] = {_mm512_unpacklo_epi8(b2, b3),
                             _mm512_unpackhi_epi8(b2, b3)};
    for (int k = 0; k < 2; ++k) {
      float* const to = sums + 64 * q + 32 * k;
      const __m512 first =
          _mm512_castsi512_ps(_mm512_unpacklo_epi16(low[k], high[k]));
      const __m512 second =
          _mm512_castsi512_ps(_mm512_unpackhi_epi16(low[k], high[k]));
      _mm512_store_ps(to, _mm512_add_ps(_mm512_load_ps(to), first));
      _mm512_store_ps(to + 16, _mm512_add_ps(_mm512_load_ps(to + 16), second));
    }
  }
}

}  // namespace

void MakeSlicesAvx512(const SlicedColumnsView& columns, const float* rows,
                      std::size_t count, float* turned, std::uint8_t* planes,
                      std::uint8_t* slices) {
  sliced::MakePlanes<Lanes512>(columns, rows, count, turned, planes);
  sliced::MakeSlices<Lanes512>(columns, planes, slices);
}

void SlicedMarginsAvx512(const SlicedForestView& forest,
                         const std::uint8_t* slices, float* sums,
                         std::size_t count, float* margins) {
  sliced::AddTrees<Lanes512>(forest, slices, sums);
  for (std::size_t r = 0; r < count; ++r) {
    const std::size_t quarter = r / 128;
    const std::size_t four = r % 128 / 4;
    margins[r] = sums[16 * four + 4 * quarter + r % 4];
  }
}

}  // namespace tenuto

#endif
