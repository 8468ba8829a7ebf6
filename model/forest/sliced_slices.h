// From the bits of ranks to what splits ask of them, in bit slices. Every
// template has a type of the including file among its arguments, so its code
// never leaves that file: these are compiled for different processors.
// Thread-safe: writes only to what it is given.
#ifndef TENUTO_MODEL_FOREST_SLICED_SLICES_H_
#define TENUTO_MODEL_FOREST_SLICED_SLICES_H_

#include <cstddef>
#include <cstdint>

#include "model/forest/forest_views.h"

namespace tenuto::sliced {

// `L` names a register of `L::Slice`, one bit for each of L::kRows rows, and
// what can be done to it: Load, Store, Zero, Not, And, Or, AndNot(a, b) = ~a &
// b, OrAnd(a, b, c) = a | (b & c), Select(c, yes, no); L::kBytes is its size.

// Bits of the ranks of a column, lowest first, and its missing rows.
template <class L>
struct ColumnPlanes {
  typename L::Slice bit[8];
  typename L::Slice missing;
};

template <class L>
[[gnu::always_inline]] inline ColumnPlanes<L> LoadPlanes(
    const std::uint8_t* planes, std::uint32_t levels) {
  ColumnPlanes<L> result;
  for (std::uint32_t b = 0; b < 8; ++b) {
    result.bit[b] = b < levels ? L::Load(planes + b * L::kBytes) : L::Zero();
  }
  result.missing = L::Load(planes + kSlicedMissing * L::kBytes);
  return result;
}

// Of the two bits `high`, `low` as a number: equal to 0..3, and above 0..3.
template <class L>
[[gnu::always_inline]] inline void ComparePair(typename L::Slice high,
                                               typename L::Slice low,
                                               typename L::Slice* equal,
                                               typename L::Slice* above) {
  equal[3] = L::And(high, low);
  equal[2] = L::AndNot(low, high);
  equal[1] = L::AndNot(high, low);
  above[0] = L::Or(high, low);
  equal[0] = L::Not(above[0]);
  above[1] = high;
  above[2] = equal[3];
  above[3] = L::Zero();
}

// The slices of a column, as SlicedColumn has them, from the bits of its ranks:
// a rank is above 16 h + m where its high half is above h, or equal to h and
// its low half above m.
template <class L>
void MakeSlicesOfColumn(const std::uint8_t* planes, const SlicedColumn& column,
                        std::uint8_t* slices) {
  using Slice = typename L::Slice;
  const ColumnPlanes<L> p = LoadPlanes<L>(planes, column.levels);
  std::uint8_t* out = slices + column.first_slice * L::kBytes;
  Slice equal[4];
  Slice above[4];
  Slice pair_equal[4];
  Slice pair_above[4];
  ComparePair<L>(p.bit[3], p.bit[2], equal, above);
  ComparePair<L>(p.bit[1], p.bit[0], pair_equal, pair_above);
  for (std::uint32_t m = 0; m < 16; ++m) {
    if (m == column.lows) break;
    L::Store(out, L::OrAnd(above[m >> 2], equal[m >> 2], pair_above[m & 3]));
    out += L::kBytes;
  }
  ComparePair<L>(p.bit[7], p.bit[6], equal, above);
  ComparePair<L>(p.bit[5], p.bit[4], pair_equal, pair_above);
  for (std::uint32_t h = 0; h < 16; ++h) {
    if (h == column.halves) break;
    const Slice over =
        L::OrAnd(above[h >> 2], equal[h >> 2], pair_above[h & 3]);
    L::Store(out, L::And(equal[h >> 2], pair_equal[h & 3]));
    L::Store(out + L::kBytes, over);
    L::Store(out + 2 * L::kBytes, L::Or(over, p.missing));
    out += 3 * L::kBytes;
  }
}

// The same where they are whole.
template <class L>
void MakeWholeSlicesOfColumn(const std::uint8_t* planes,
                             const SlicedColumn& column, std::uint8_t* slices) {
  using Slice = typename L::Slice;
  const ColumnPlanes<L> p = LoadPlanes<L>(planes, column.levels);
  std::uint8_t* out = slices + column.first_slice * L::kBytes;
  Slice equal[4];
  Slice above[4];
  Slice pair_equal[4];
  Slice pair_above[4];
  Slice low[16];
  ComparePair<L>(p.bit[3], p.bit[2], equal, above);
  ComparePair<L>(p.bit[1], p.bit[0], pair_equal, pair_above);
  for (std::uint32_t m = 0; m < 16; ++m) {
    low[m] = L::OrAnd(above[m >> 2], equal[m >> 2], pair_above[m & 3]);
  }
  ComparePair<L>(p.bit[7], p.bit[6], equal, above);
  ComparePair<L>(p.bit[5], p.bit[4], pair_equal, pair_above);
  std::uint32_t left = column.whole;
  for (std::uint32_t h = 0; left > 0; ++h) {
    const Slice over =
        L::OrAnd(above[h >> 2], equal[h >> 2], pair_above[h & 3]);
    const Slice here = L::And(equal[h >> 2], pair_equal[h & 3]);
    for (std::uint32_t m = 0; m < 16 && left > 0; ++m, --left) {
      L::Store(out, L::OrAnd(over, here, low[m]));
      out += L::kBytes;
    }
  }
  L::Store(out, p.missing);
}

template <class L>
void MakeSlices(const SlicedColumnsView& view, const std::uint8_t* planes,
                std::uint8_t* slices) {
  L::Store(slices, L::Zero());
  for (std::size_t c = 0; c < view.columns; ++c) {
    const std::uint8_t* const of_column =
        planes + c * kSlicedPlanes * L::kBytes;
    if (view.column[c].whole > 0) {
      MakeWholeSlicesOfColumn<L>(of_column, view.column[c], slices);
    } else {
      MakeSlicesOfColumn<L>(of_column, view.column[c], slices);
    }
  }
}

}  // namespace tenuto::sliced

#endif  // TENUTO_MODEL_FOREST_SLICED_SLICES_H_
