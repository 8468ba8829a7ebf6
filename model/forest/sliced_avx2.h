// The bit-sliced kernel on 256 rows, for processors with AVX2.
// Thread-safe.
#ifndef TENUTO_MODEL_FOREST_SLICED_AVX2_H_
#define TENUTO_MODEL_FOREST_SLICED_AVX2_H_

#include <cstddef>
#include <cstdint>

#include "model/forest/forest_views.h"

namespace tenuto {

inline constexpr std::size_t kSliced256Rows = 256;

// As in sliced_avx512.h with 256 rows: `turned` holds 8 * kTurnedStride floats,
// `planes` kSlicedPlanes * 32 bytes a column, a slice 32 bytes, `sums` 256.
void MakeSlicesAvx2(const SlicedColumnsView& columns, const float* rows,
                    std::size_t count, float* turned, std::uint8_t* planes,
                    std::uint8_t* slices);
void SlicedMarginsAvx2(const SlicedForestView& forest,
                       const std::uint8_t* slices, float* sums,
                       std::size_t count, float* margins);

}  // namespace tenuto

#endif  // TENUTO_MODEL_FOREST_SLICED_AVX2_H_
