// Fat nodes: the top levels of a tree as one row of bytes, compared all at once
// into a mask of bits that is then walked without touching memory.
// Thread-safe: immutable after it is built.
#ifndef TENUTO_MODEL_FOREST_FAT_LAYOUT_H_
#define TENUTO_MODEL_FOREST_FAT_LAYOUT_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/forest/flat_layout.h"
#include "model/forest/forest.h"
#include "model/forest/forest_views.h"
#include "model/forest/line_vector.h"
#include "model/forest/rank_columns.h"

namespace tenuto {

inline constexpr int kFatLevelsMin = 3;
inline constexpr int kFatLevelsMax = 6;

class FatForest {
 public:
  // At most kFatColumnsMax columns.
  FatForest(const Forest& forest, const RankColumns& columns);

  FatView view() const;
  std::size_t size_bytes() const;

 private:
  void AddTree(const ForestTree& tree, std::size_t number,
               const RankColumns& columns);

  int levels_;
  bool has_tails_;
  float base_margin_;
  std::size_t trees_;
  std::size_t columns_used_;
  LineVector<std::uint8_t> columns_;
  LineVector<std::uint8_t> limits_;
  LineVector<std::uint64_t> default_left_;
  LineVector<float> leaves_;
  LineVector<std::uint32_t> exits_;
  std::vector<std::uint8_t> tail_steps_;
  FlatLayout tails_;
};

}  // namespace tenuto

#endif  // TENUTO_MODEL_FOREST_FAT_LAYOUT_H_
