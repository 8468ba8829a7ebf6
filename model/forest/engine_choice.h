// Which engine scores a batch: by what the processor can do, what the forest
// asks and how many rows there are.
// Thread-safe.
#ifndef TENUTO_MODEL_FOREST_ENGINE_CHOICE_H_
#define TENUTO_MODEL_FOREST_ENGINE_CHOICE_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace tenuto {

// Instructions an engine may use. Each level holds the ones before.
enum class CpuLevel { kPortable, kAvx2, kAvx512 };

enum class ForestEngine { kFlat, kFat, kSliced256, kSliced512 };

absl::string_view EngineName(ForestEngine engine);

// Of the processor this runs on. kAvx512 means F, BW, DQ, VL, VBMI and GFNI.
CpuLevel DetectCpu();

// What a forest, or several over the same rows, ask of an engine.
struct ForestShape {
  int depth = 0;            // Of the deepest tree.
  std::size_t columns = 0;  // Of the coded row.
  std::size_t slices = 0;   // That PlaceSlices counts.
};

// Can `engine` run these forests there?
bool CanRun(ForestEngine engine, CpuLevel cpu, const ForestShape& shape);

// The engine for the next rows of `rows` left. kFlat always runs.
ForestEngine ChooseEngine(CpuLevel cpu, const ForestShape& shape,
                          std::size_t rows);

// Rows from which a pass in bit slices, which costs the same however few rows
// fill it, beats the other engine of its processor: in the middle of what
// tests/benchmark/forest_benchmark.cc (the table "rows where a pass pays")
// measured on two machines, 79 to 139 and 39 to 69 by depth and columns.
inline constexpr std::size_t kSliced512RowsMin = 104;
inline constexpr std::size_t kSliced256RowsMin = 52;

}  // namespace tenuto

#endif  // TENUTO_MODEL_FOREST_ENGINE_CHOICE_H_
