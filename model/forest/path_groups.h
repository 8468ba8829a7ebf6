// Paths with equally many columns, sixteen abreast, so that one instruction
// serves sixteen of them.
// Value type; not thread-safe.
#ifndef TENUTO_MODEL_FOREST_PATH_GROUPS_H_
#define TENUTO_MODEL_FOREST_PATH_GROUPS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/forest/forest.h"

namespace tenuto {

inline constexpr std::size_t kPathLanes = 16;

// What sixteen paths want of a column each: a value not below `low` and not
// `high` or more (NaN: no limit above), or a missing one where `missing` is 1.
struct PathStep {
  std::array<std::int32_t, kPathLanes> column;
  std::array<float, kPathLanes> low;
  std::array<float, kPathLanes> high;
  std::array<float, kPathLanes> share;  // z above.
  std::array<std::int32_t, kPathLanes> missing;
};

struct PathGroups {
  // Sixteen paths of `count` columns each.
  struct Group {
    std::uint32_t first;  // Of its steps, in `steps`.
    std::uint32_t count;
    std::array<float, kPathLanes> leaf;
  };
  std::vector<Group> groups;
  std::vector<PathStep> steps;
};

// Adds to `sums`, one a column, what every path gives its columns. One for
// each kind of processor, from one source; the same bits.
void AddContributionsPortable(const PathGroups& paths, const float* row,
                              double* sums);
#if defined(__x86_64__)
void AddContributionsAvx2(const PathGroups& paths, const float* row,
                          double* sums);
void AddContributionsAvx512(const PathGroups& paths, const float* row,
                            double* sums);
#endif

}  // namespace tenuto

#endif  // TENUTO_MODEL_FOREST_PATH_GROUPS_H_
