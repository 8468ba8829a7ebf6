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

// Of four bits as a number: equal to 0..15, and above.
template <class L>
struct Half {
  [[gnu::always_inline]] explicit Half(const typename L::Slice* bit) {
    ComparePair<L>(bit[3], bit[2], equal, above);
    ComparePair<L>(bit[1], bit[0], pair_equal, pair_above);
  }
  [[gnu::always_inline]] typename L::Slice Equal(std::uint32_t n) const {
    return L::And(equal[n >> 2], pair_equal[n & 3]);
  }
  [[gnu::always_inline]] typename L::Slice Above(std::uint32_t n) const {
    return L::OrAnd(above[n >> 2], equal[n >> 2], pair_above[n & 3]);
  }
  typename L::Slice equal[4], above[4], pair_equal[4], pair_above[4];
};

// The slices of a column, as SlicedColumn has them, from the bits of its ranks:
// a rank is above 16 h + m where its high half is above h, or equal to h and
// its low half above m.
template <class L>
void MakeSlicesOfColumn(const std::uint8_t* planes, const SlicedColumn& column,
                        std::uint8_t* slices) {
  const ColumnPlanes<L> p = LoadPlanes<L>(planes, column.levels);
  std::uint8_t* out = slices + column.first_slice * L::kBytes;
  const Half<L> low(p.bit), high(p.bit + 4);
  typename L::Slice lows[16];
  for (std::uint32_t m = 0; m < 16; ++m) lows[m] = low.Above(m);
  if (column.whole > 0) {
    for (std::uint32_t r = 0; r < column.whole;) {
      const typename L::Slice over = high.Above(r >> 4);
      const typename L::Slice here = high.Equal(r >> 4);
      const std::uint32_t stop = column.whole < r + 16 ? column.whole : r + 16;
      for (; r < stop; ++r, out += L::kBytes) {
        L::Store(out, L::OrAnd(over, here, lows[r & 15]));
      }
    }
    return L::Store(out, p.missing);
  }
  for (std::uint32_t m = 0; m < column.lows; ++m, out += L::kBytes) {
    L::Store(out, lows[m]);
  }
  for (std::uint32_t h = 0; h < column.halves; ++h, out += 3 * L::kBytes) {
    const typename L::Slice over = high.Above(h);
    L::Store(out, high.Equal(h));
    L::Store(out + L::kBytes, over);
    L::Store(out + 2 * L::kBytes, L::Or(over, p.missing));
  }
}

template <class L>
void MakeSlices(const SlicedColumnsView& view, const std::uint8_t* planes,
                std::uint8_t* slices) {
  L::Store(slices, L::Zero());
  for (std::size_t c = 0; c < view.columns; ++c) {
    MakeSlicesOfColumn<L>(planes + c * kSlicedPlanes * L::kBytes,
                          view.column[c], slices);
  }
}

}  // namespace tenuto::sliced

#endif  // TENUTO_MODEL_FOREST_SLICED_SLICES_H_
