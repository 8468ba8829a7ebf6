// The fat-node kernel, for processors with AVX-512 F, BW, DQ, VL, VBMI.
// Thread-safe.
#ifndef TENUTO_MODEL_FOREST_FAT_AVX512_H_
#define TENUTO_MODEL_FOREST_FAT_AVX512_H_

#include <cstddef>
#include <cstdint>

#include "model/forest/forest_views.h"

namespace tenuto {

// Writes one code a column; the same as RowTables::CodeRow.
void CodeRowAvx512(const CoderView& tables, const float* row,
                   std::uint8_t* codes);

// Margins of 1 to kFatRowsAtOnce rows of codes, kFatColumnsMax bytes apart.
// `masks` holds view.blocks words a row.
void FatMarginsAvx512(const FatView& view, const std::uint8_t* codes,
                      std::size_t rows, std::uint64_t* masks, float* margins);

}  // namespace tenuto

#endif  // TENUTO_MODEL_FOREST_FAT_AVX512_H_
