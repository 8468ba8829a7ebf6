// From rows to the bits of their ranks, for any width of register. Every
// template has a type of the including file among its arguments, so its code
// never leaves that file: these are compiled for different processors.
// Thread-safe: writes only to what it is given.
#ifndef TENUTO_MODEL_FOREST_SLICED_PLANES_H_
#define TENUTO_MODEL_FOREST_SLICED_PLANES_H_

#include <cstddef>
#include <cstdint>

#include "model/forest/forest_views.h"

namespace tenuto::sliced {

// `L` names registers of L::kLanes floats, that a pass has L::kRows rows, that
// a slice of them is L::kBytes, and what the two functions below use.

// The bits of the ranks of up to L::kRows rows, in every column. Rows beyond
// `count` repeat the last. `turned` holds L::kLanes columns.
template <class L>
void MakePlanes(const SlicedColumnsView& view, const float* rows,
                std::size_t count, float* turned, std::uint8_t* planes) {
  for (std::size_t part = 0; part < L::kRows; part += kTurnedRows) {
    for (std::size_t c = 0; c < view.columns;) {
      const std::size_t first = view.column[c].input / L::kLanes * L::kLanes;
      for (std::size_t r = 0; r < kTurnedRows; r += L::kLanes) {
        const float* row[L::kLanes];
        for (std::size_t k = 0; k < L::kLanes; ++k) {
          const std::size_t at = part + r + k;
          row[k] = rows + (at < count ? at : count - 1) * view.width + first;
        }
        L::Turn(row, view.width - first, turned + r);
      }
      for (; c < view.columns && view.column[c].input < first + L::kLanes;
           ++c) {
        const SlicedColumn& column = view.column[c];
        L::Search(turned + (column.input - first) * kTurnedStride,
                  column.levels, view.pivots + column.first_pivot,
                  planes + c * kSlicedPlanes * L::kBytes + part / 8);
      }
    }
  }
}

}  // namespace tenuto::sliced

#endif  // TENUTO_MODEL_FOREST_SLICED_PLANES_H_
