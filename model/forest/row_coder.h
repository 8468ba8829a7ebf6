// The rank tables of RankColumns as kernels read them: one for rows that come
// alone, one for blocks of many. Built once for all forests over the same rows.
// Thread-safe: immutable after it is built.
#ifndef TENUTO_MODEL_FOREST_ROW_CODER_H_
#define TENUTO_MODEL_FOREST_ROW_CODER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/forest/forest_views.h"
#include "model/forest/line_vector.h"
#include "model/forest/rank_columns.h"
#include "model/forest/sliced_layout.h"

namespace tenuto {

// For one row: two comparisons with 16 thresholds each find a rank.
class RowTables {
 public:
  explicit RowTables(const RankColumns& columns);
  CoderView view() const;
  // One code a column: the rank, or kMissingCode. Portable.
  void CodeRow(const float* row, std::uint8_t* codes) const;
  std::size_t size_bytes() const;

 private:
  std::vector<std::uint32_t> inputs_;
  LineVector<float> pivots_;
  std::vector<std::uint32_t> first_block_;
  LineVector<float> blocks_;
};

// For many rows at once: a search of as many steps as the rank has bits; each
// step's outcome is one bit of the rank.
class BlockTables {
 public:
  BlockTables(const RankColumns& columns, SliceForm slices, std::size_t width);
  SlicedColumnsView view() const;
  std::size_t size_bytes() const;

 private:
  std::size_t width_;
  std::vector<SlicedColumn> columns_;
  LineVector<float> pivots_;
};

}  // namespace tenuto

#endif  // TENUTO_MODEL_FOREST_ROW_CODER_H_
