#include "model/forest/fat_avx512.h"

#if defined(__AVX512VBMI__)
#include <immintrin.h>

namespace tenuto {
namespace {

constexpr unsigned kAOrBAndC = 0xF8;  // Truth table of a | (b & c).

// Fetches 64 codes by column. kPages registers of 64 hold the coded row.
template <int kPages>
[[gnu::always_inline]] inline __m512i Fetch(const __m512i* pages,
                                            __m512i columns) {
  if constexpr (kPages == 1) {
    return _mm512_permutexvar_epi8(columns, pages[0]);
  } else if constexpr (kPages == 2) {
    return _mm512_permutex2var_epi8(pages[0], columns, pages[1]);
  } else if constexpr (kPages == 3) {
    return _mm512_mask_permutexvar_epi8(
        _mm512_permutex2var_epi8(pages[0], columns, pages[1]),
        _mm512_movepi8_mask(columns), columns, pages[2]);
  } else {
    const __m512i low = _mm512_permutex2var_epi8(pages[0], columns, pages[1]);
    const __m512i high = _mm512_permutex2var_epi8(pages[2], columns, pages[3]);
    return _mm512_mask_mov_epi8(low, _mm512_movepi8_mask(columns), high);
  }
}

// Coded rows in registers, kPages of 64 codes each.
template <int kPages, int kRows>
struct Pages {
  explicit Pages(const std::uint8_t* codes) {
    for (int r = 0; r < kRows; ++r) {
      for (int p = 0; p < kPages; ++p) {
        of[r][p] = _mm512_loadu_si512(
            codes + static_cast<std::size_t>(r) * kFatColumnsMax + 64 * p);
      }
    }
  }
  __m512i of[kRows][kPages];
};

// One word a block: at each slot, whether the row goes right.
template <int kPages, int kRows>
[[gnu::always_inline]] inline void CompareBlock(
    const FatView& view, const Pages<kPages, kRows>& pages, std::size_t block,
    std::uint64_t* masks) {
  const __m512i columns = _mm512_loadu_si512(view.columns + block * kFatSlots);
  const __m512i limits = _mm512_loadu_si512(view.limits + block * kFatSlots);
  const __mmask64 shifted = _cvtu64_mask64(view.default_left[block]);
  for (int r = 0; r < kRows; ++r) {
    __m512i code = Fetch<kPages>(pages.of[r], columns);
    code = _mm512_mask_sub_epi8(code, shifted, code, _mm512_set1_epi8(-1));
    masks[static_cast<std::size_t>(r) * view.blocks + block] =
        _cvtmask64_u64(_mm512_cmpgt_epu8_mask(code, limits));
  }
}

// The bits of eight trees, a lane each.
template <int kLevels>
[[gnu::always_inline]] inline __m512i LoadLanes(const std::uint64_t* masks,
                                                std::size_t group) {
  const auto* const from =
      reinterpret_cast<const std::uint8_t*>(masks) + (group << kLevels);
  if constexpr (kLevels == 6) {
    return _mm512_loadu_si512(from);
  } else if constexpr (kLevels == 5) {
    return _mm512_cvtepu32_epi64(
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
  } else if constexpr (kLevels == 4) {
    return _mm512_cvtepu16_epi64(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
  } else {
    return _mm512_cvtepu8_epi64(
        _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)));
  }
}

// Where eight trees are left, counted over all exits of the eight.
template <int kLevels>
[[gnu::always_inline]] inline void WalkLanes(const std::uint64_t* masks,
                                             std::size_t group,
                                             std::uint64_t* exits) {
  const __m512i bits = LoadLanes<kLevels>(masks, group);
  const __m512i one = _mm512_set1_epi64(1);
  __m512i slot = one;
  for (int level = 0; level < kLevels; ++level) {
    slot = _mm512_ternarylogic_epi64(_mm512_add_epi64(slot, slot),
                                     _mm512_srlv_epi64(bits, slot), one,
                                     kAOrBAndC);
  }
  // Slot 2^L is the first exit of its tree, and the tree's are 2^L on.
  const __m512i first =
      _mm512_slli_epi64(_mm512_set_epi64(6, 5, 4, 3, 2, 1, 0, -1), kLevels);
  _mm512_storeu_si512(exits, _mm512_add_epi64(slot, first));
}

// Floats are added in the order of trees, each after the one before, and most
// of the time of one row would pass in waiting for them. So comparisons run
// some groups ahead: they depend on no sum, and fill the time.
constexpr std::size_t kGroupsAhead = 2;

template <int kLevels, int kPages, int kRows>
void SumLeaves(const FatView& view, const std::uint8_t* codes,
               std::uint64_t* masks, float* margins) {
  constexpr std::size_t kBlocks = std::size_t{1}
                                  << (kLevels - 3);  // A group's.
  const Pages<kPages, kRows> pages(codes);
  float sums[kRows];
  for (int r = 0; r < kRows; ++r) sums[r] = view.base_margin;
  const float* leaves = view.leaves;
  alignas(64) std::uint64_t exits[kRows][kFatTreesAtOnce];
  const auto walk = [&](std::size_t group) {
    for (int r = 0; r < kRows; ++r) {
      WalkLanes<kLevels>(masks + static_cast<std::size_t>(r) * view.blocks,
                         group, exits[r]);
    }
  };
  constexpr std::size_t kAhead = kGroupsAhead * kBlocks;
  const std::size_t ahead = kAhead < view.blocks ? kAhead : view.blocks;
  for (std::size_t b = 0; b < ahead; ++b) CompareBlock(view, pages, b, masks);
  const std::size_t whole = view.trees / kFatTreesAtOnce;
  for (std::size_t group = 0; group < whole; ++group) {
    const std::size_t next = (group + kGroupsAhead) * kBlocks;
    if (next < view.blocks) {
      for (std::size_t b = 0; b < kBlocks; ++b) {
        CompareBlock(view, pages, next + b, masks);
      }
    }
    walk(group);
    for (std::size_t t = 0; t < kFatTreesAtOnce; ++t) {
      for (int r = 0; r < kRows; ++r) sums[r] += leaves[exits[r][t]];
    }
    leaves += kFatTreesAtOnce << kLevels;
  }
  const std::size_t rest = view.trees % kFatTreesAtOnce;
  if (rest > 0) walk(whole);
  for (std::size_t t = 0; t < rest; ++t) {
    for (int r = 0; r < kRows; ++r) sums[r] += leaves[exits[r][t]];
  }
  for (int r = 0; r < kRows; ++r) margins[r] = sums[r];
}

// Deeper trees go on from their exit in flat nodes.
template <int kPages, int kRows>
void SumTails(const FatView& view, const std::uint8_t* codes,
              std::uint64_t* masks, float* margins) {
  const Pages<kPages, kRows> pages(codes);
  for (std::size_t b = 0; b < view.blocks; ++b) {
    CompareBlock(view, pages, b, masks);
  }
  alignas(64) std::uint64_t exits[kFatTreesAtOnce];
  for (std::size_t r = 0; r < kRows; ++r) {
    const std::uint8_t* const row = codes + r * kFatColumnsMax;
    const std::uint32_t* from = view.exits;
    float sum = view.base_margin;
    for (std::size_t first = 0; first < view.trees; first += kFatTreesAtOnce) {
      const std::size_t group = first / kFatTreesAtOnce;
      WalkLanes<6>(masks + r * view.blocks, group, exits);
      std::uint32_t at[kFatTreesAtOnce];
      for (std::size_t t = 0; t < kFatTreesAtOnce; ++t) at[t] = from[exits[t]];
      for (int step = view.tail_steps[group]; step > 0; --step) {
        for (std::size_t t = 0; t < kFatTreesAtOnce; ++t) {
          const FlatNode& node = view.tail_nodes[at[t]];
          const auto code =
              static_cast<std::uint8_t>(row[node.column] + node.shift);
          at[t] = node.left + (code > node.limit ? 1 : 0);
        }
      }
      const std::size_t left = view.trees - first;
      const std::size_t count = left < kFatTreesAtOnce ? left : kFatTreesAtOnce;
      for (std::size_t t = 0; t < count; ++t) sum += view.tail_values[at[t]];
      from += kFatTreesAtOnce << 6;
    }
    margins[r] = sum;
  }
}

template <int kPages, int kRows>
void SumTrees(const FatView& view, const std::uint8_t* codes,
              std::uint64_t* masks, float* margins) {
  if (view.exits != nullptr) {
    return SumTails<kPages, kRows>(view, codes, masks, margins);
  }
  switch (view.levels) {
    case 3:
      return SumLeaves<3, kPages, kRows>(view, codes, masks, margins);
    case 4:
      return SumLeaves<4, kPages, kRows>(view, codes, masks, margins);
    case 5:
      return SumLeaves<5, kPages, kRows>(view, codes, masks, margins);
    default:
      return SumLeaves<6, kPages, kRows>(view, codes, masks, margins);
  }
}

template <int kRows>
void Margins(const FatView& view, const std::uint8_t* codes,
             std::uint64_t* masks, float* margins) {
  if (view.columns_used <= 64) {
    SumTrees<1, kRows>(view, codes, masks, margins);
  } else if (view.columns_used <= 128) {
    SumTrees<2, kRows>(view, codes, masks, margins);
  } else if (view.columns_used <= 192) {
    SumTrees<3, kRows>(view, codes, masks, margins);
  } else {
    SumTrees<4, kRows>(view, codes, masks, margins);
  }
}

[[gnu::always_inline]] inline int CountAtOrBelow(const float* thresholds,
                                                 __m512 value) {
  return __builtin_popcount(
      _mm512_cmp_ps_mask(_mm512_loadu_ps(thresholds), value, _CMP_LE_OQ));
}

}  // namespace

void CodeRowAvx512(const CoderView& tables, const float* row,
                   std::uint8_t* codes) {
  // A copy, since codes might overwrite what a reference leads to.
  const CoderView view = tables;
  for (std::size_t c = 0; c < view.columns; ++c) {
    const float value = row[view.inputs[c]];
    const __m512 lanes = _mm512_set1_ps(value);
    const int block = CountAtOrBelow(view.pivots + 16 * c, lanes);
    const float* const thresholds =
        view.blocks + 16 * (view.first_block[c] + static_cast<unsigned>(block));
    const int rank = 16 * block + CountAtOrBelow(thresholds, lanes);
    // A branch on what is missing would be mispredicted.
    const int missing = _mm512_cmp_ps_mask(lanes, lanes, _CMP_UNORD_Q) & 255;
    codes[c] = static_cast<std::uint8_t>(rank | missing);
  }
}

void FatMarginsAvx512(const FatView& view, const std::uint8_t* codes,
                      std::size_t rows, std::uint64_t* masks, float* margins) {
  if (rows == kFatRowsAtOnce) {
    return Margins<kFatRowsAtOnce>(view, codes, masks, margins);
  }
  for (std::size_t r = 0; r < rows; ++r) {
    Margins<1>(view, codes + r * kFatColumnsMax, masks, margins + r);
  }
}

}  // namespace tenuto

#endif
