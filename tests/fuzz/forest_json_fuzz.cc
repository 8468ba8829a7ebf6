// Any bytes are a forest or an error; what is read compiles and scores.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <vector>

#include "absl/strings/string_view.h"
#include "model/forest/compiled_forest.h"
#include "model/forest/forest_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  constexpr int kColumns = 10;
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto forest = tenuto::ReadForestJson(bytes, kColumns);
  if (!forest.ok()) return 0;
  const auto compiled = tenuto::CompiledForest::Compile({&*forest, 1});
  if (!compiled.ok()) std::abort();
  constexpr std::size_t kRows = 200;  // Enough for slices.
  const std::vector<float> rows(kRows * kColumns,
                                std::numeric_limits<float>::quiet_NaN());
  std::vector<float> margins(kRows);
  std::vector<std::byte> scratch(compiled->ScratchBytes());
  if (!compiled
           ->PredictMargins(rows, absl::MakeSpan(margins),
                            absl::MakeSpan(scratch))
           .ok() ||
      !std::isfinite(margins.front())) {
    std::abort();
  }
  return 0;
}
