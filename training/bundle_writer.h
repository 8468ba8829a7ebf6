// Writes a model bundle: files first, the manifest last by rename, so that a
// half-written directory is no bundle.
// Thread-safe.
#ifndef TENUTO_TRAINING_BUNDLE_WRITER_H_
#define TENUTO_TRAINING_BUNDLE_WRITER_H_

#include <filesystem>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "tenuto/v1/bundle.pb.h"
#include "training/model_fit.h"

namespace tenuto {

// Whether a new bundle becomes the champion. One that does not never serves by
// itself: where there is no alias yet, the alias will name the newest version
// before it, or none.
enum class Crown {
  kIfNone,  // Unless the model has a champion.
  kAlways,
  kNotThis
};

struct WrittenBundle {
  std::filesystem::path directory;
  std::int64_t version = 0;
  bool is_champion = false;
};

// Fills format, version (one above the highest), files, calibration, trees and
// golden rows of `manifest`; the caller fills model, created_time_s, columns,
// label, horizon and training. Golden rows are synthetic: drawn column by
// column from the ranges of the forest's thresholds with `seed`, no person's.
// The champion is named by a file MODELS/<model>/champion. kInvalidArgument
// when the model name is not [a-z][a-z0-9_]{0,63}.
absl::StatusOr<WrittenBundle> WriteBundle(
    const std::filesystem::path& models_dir, v1::Manifest manifest,
    const FittedModel& model, std::uint64_t seed, Crown crown = Crown::kIfNone);

// One forest of several.
struct FittedPart {
  std::string name;
  const FittedModel* model;
};
// The same for a model of several forests on the same columns: fills `parts`
// instead of what a single forest has.
absl::StatusOr<WrittenBundle> WriteBundle(
    const std::filesystem::path& models_dir, v1::Manifest manifest,
    absl::Span<const FittedPart> parts, std::uint64_t seed,
    Crown crown = Crown::kIfNone);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_BUNDLE_WRITER_H_
