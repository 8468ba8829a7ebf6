#include "model/forest/engine_choice.h"

#include "model/forest/forest_views.h"

namespace tenuto {

absl::string_view EngineName(ForestEngine engine) {
  switch (engine) {
    case ForestEngine::kFlat:
      return "flat nodes";
    case ForestEngine::kFat:
      return "fat nodes";
    case ForestEngine::kSliced256:
      return "bit slices of 256";
    case ForestEngine::kSliced512:
      return "bit slices of 512";
  }
  return "unknown";
}

CpuLevel DetectCpu() {
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("avx2")) return CpuLevel::kPortable;
  const bool avx512 =
      __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("gfni") &&
      __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
  return avx512 ? CpuLevel::kAvx512 : CpuLevel::kAvx2;
#else
  return CpuLevel::kPortable;
#endif
}

bool CanRun(ForestEngine engine, CpuLevel cpu, const ForestShape& shape) {
  const bool slices =
      shape.depth <= kSlicedDepthMax &&
      shape.slices + kSlicedPlanes * shape.columns <= kSlicesMax;
  switch (engine) {
    case ForestEngine::kFlat:
      return true;
    case ForestEngine::kFat:
      return cpu == CpuLevel::kAvx512 && shape.columns <= kFatColumnsMax;
    case ForestEngine::kSliced256:
      return cpu != CpuLevel::kPortable && slices;
    case ForestEngine::kSliced512:
      return cpu == CpuLevel::kAvx512 && slices;
  }
  return false;
}

ForestEngine ChooseEngine(CpuLevel cpu, const ForestShape& shape,
                          std::size_t rows) {
  if (rows >= kSliced512RowsMin &&
      CanRun(ForestEngine::kSliced512, cpu, shape)) {
    return ForestEngine::kSliced512;
  }
  if (cpu == CpuLevel::kAvx2 && rows >= kSliced256RowsMin &&
      CanRun(ForestEngine::kSliced256, cpu, shape)) {
    return ForestEngine::kSliced256;
  }
  return CanRun(ForestEngine::kFat, cpu, shape) ? ForestEngine::kFat
                                                : ForestEngine::kFlat;
}

}  // namespace tenuto
