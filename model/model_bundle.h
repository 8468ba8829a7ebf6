// A model bundle: one verified, immutable directory holding a forest, its
// calibration, its columns with fingerprints and its golden rows.
#ifndef TENUTO_MODEL_MODEL_BUNDLE_H_
#define TENUTO_MODEL_MODEL_BUNDLE_H_

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "features/catalogue.h"
#include "features/feature_plan.h"
#include "model/bundle_manifest.h"
#include "model/calibrator.h"
#include "model/forest/compiled_forest.h"
#include "model/forest/path_forest.h"
#include "tenuto/v1/bundle.pb.h"

namespace tenuto {

struct Score {
  float margin = 0;        // Raw forest output, log-odds.
  double probability = 0;  // Calibrated, in [0, 1], always finite.
};

// Thread-safe: immutable. Shared by every request that is using it.
class ModelBundle {
 public:
  // Checks, in this order: manifest, SHA-256 of every file, fingerprint of
  // every catalogue column, every node of the forest, and the golden rows' bits
  // as our engines score them. Any failure returns an error that names the
  // file, the column or the node and leaves nothing behind. kUnimplemented for
  // a model of several forests, which is another kind (model/grace).
  static absl::StatusOr<std::shared_ptr<const ModelBundle>> Open(
      const std::filesystem::path& directory, const Catalogue& catalogue);

  const v1::Manifest& manifest() const { return manifest_; }
  int width() const { return forest_.columns(); }
  // Null for a model of a table: it cannot score users of the ledger.
  const FeaturePlan* plan() const { return plan_ ? &*plan_ : nullptr; }
  const Calibrator& calibrator() const { return calibrator_; }

  // `rows` is row-major, width() wide. The result does not depend on how rows
  // are batched or on how many threads call. A thread's first call allocates
  // (up to 2 MiB), later ones do not.
  absl::Status ScoreRows(absl::Span<const float> rows,
                         absl::Span<Score> scores) const;

  // Exact contributions (TreeSHAP) to one row's margin: width() of them, then
  // the bias.
  absl::Status Contributions(absl::Span<const float> row,
                             absl::Span<float> contributions) const;

 private:
  static absl::StatusOr<std::shared_ptr<const ModelBundle>> Verify(
      const std::filesystem::path& directory, const Catalogue& catalogue);
  ModelBundle(v1::Manifest manifest, CompiledForest forest, PathForest paths,
              Calibrator calibrator, std::optional<FeaturePlan> plan);
  v1::Manifest manifest_;
  CompiledForest forest_;
  PathForest paths_;
  Calibrator calibrator_;
  std::optional<FeaturePlan> plan_;
};

}  // namespace tenuto

#endif  // TENUTO_MODEL_MODEL_BUNDLE_H_
