// Rows that prove a loaded forest to be the forest that was trained. Synthetic,
// from the forest's own split thresholds, where a wrong comparison, float or
// default direction would show; no person's.
// Thread-safe.
#ifndef TENUTO_TRAINING_GOLDEN_ROWS_H_
#define TENUTO_TRAINING_GOLDEN_ROWS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tenuto {

inline constexpr int kGoldenRows = 128;

// The bytes of golden.bin: kGoldenRows rows of `columns` little-endian floats
// and the margin. kInvalidArgument when `model_json` is no forest of that many
// columns.
absl::StatusOr<std::string> MakeGoldenRows(absl::string_view model_json,
                                           int columns, std::uint64_t seed);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_GOLDEN_ROWS_H_
