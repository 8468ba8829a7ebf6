// Forests compiled to the layouts this processor is fastest with. Several that
// read the same rows are compiled together: a row is coded once for all.
// Thread-safe: immutable after Compile(); many threads share one, each with a
// scratch of its own.
#ifndef TENUTO_MODEL_FOREST_COMPILED_FOREST_H_
#define TENUTO_MODEL_FOREST_COMPILED_FOREST_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "model/forest/engine_choice.h"
#include "model/forest/forest.h"

namespace tenuto {

class CompiledForest {
 public:
  // All of the same columns, each valid or it is refused as ValidateForest
  // does. A lower `cpu` than the processor's leaves its newer engines out.
  static absl::StatusOr<CompiledForest> Compile(
      absl::Span<const Forest> forests, CpuLevel cpu = DetectCpu());

  CompiledForest(CompiledForest&&) noexcept;
  CompiledForest& operator=(CompiledForest&&) noexcept;
  ~CompiledForest();

  int columns() const;          // Of a row.
  std::size_t forests() const;  // Margins a row.
  ForestShape shape() const;
  CpuLevel cpu() const;

  // `rows` is row-major, columns() wide, NaN is missing. The margins of the
  // first forest come first, one a row, equal to XGBoost's bit for bit however
  // rows are batched. Allocates nothing: `scratch` holds ScratchBytes() or more
  // and belongs to the call. kInvalidArgument when a size does not fit.
  absl::Status PredictMargins(absl::Span<const float> rows,
                              absl::Span<float> margins,
                              absl::Span<std::byte> scratch) const;
  // The same with one engine for all rows; kInvalidArgument where it cannot
  // run.
  absl::Status PredictMarginsWith(ForestEngine engine,
                                  absl::Span<const float> rows,
                                  absl::Span<float> margins,
                                  absl::Span<std::byte> scratch) const;

  std::size_t ScratchBytes() const;
  std::size_t size_bytes() const;  // Of all layouts and rank tables.
  // Of what one engine reads; 0 for one that is not compiled.
  std::size_t size_bytes(ForestEngine engine) const;

 private:
  struct Layouts;
  explicit CompiledForest(std::unique_ptr<const Layouts> layouts);
  absl::Status Check(absl::Span<const float> rows, absl::Span<float> margins,
                     absl::Span<std::byte> scratch) const;
  std::unique_ptr<const Layouts> layouts_;
};

}  // namespace tenuto

#endif  // TENUTO_MODEL_FOREST_COMPILED_FOREST_H_
