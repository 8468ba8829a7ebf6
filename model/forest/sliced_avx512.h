// The bit-sliced kernel on 512 rows, for processors with AVX-512 F, BW, DQ, VL,
// VBMI and GFNI.
// Thread-safe.
#ifndef TENUTO_MODEL_FOREST_SLICED_AVX512_H_
#define TENUTO_MODEL_FOREST_SLICED_AVX512_H_

#include <cstddef>
#include <cstdint>

#include "model/forest/forest_views.h"

namespace tenuto {

inline constexpr std::size_t kSliced512Rows = 512;

// Codes up to 512 rows for every forest over the same columns. `turned` holds
// 16 * kTurnedStride floats, `planes` kSlicedPlanes * 64 bytes a column,
// `slices` 64 bytes for each that PlaceSlices counts; all scratch on addresses
// that are multiples of 64.
void MakeSlicesAvx512(const SlicedColumnsView& columns, const float* rows,
                      std::size_t count, float* turned, std::uint8_t* planes,
                      std::uint8_t* slices);

// Margins of the coded rows. `sums` holds 512 floats.
void SlicedMarginsAvx512(const SlicedForestView& forest,
                         const std::uint8_t* slices, float* sums,
                         std::size_t count, float* margins);

}  // namespace tenuto

#endif  // TENUTO_MODEL_FOREST_SLICED_AVX512_H_
