#include "model/model_bundle.h"

#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"
#include "model/bundle_files.h"
#include "model/forest/forest.h"

namespace tenuto {

ModelBundle::ModelBundle(v1::Manifest manifest, CompiledForest forest,
                         PathForest paths, Calibrator calibrator,
                         std::optional<FeaturePlan> plan)
    : manifest_(std::move(manifest)),
      forest_(std::move(forest)),
      paths_(std::move(paths)),
      calibrator_(std::move(calibrator)),
      plan_(std::move(plan)) {}

absl::StatusOr<std::shared_ptr<const ModelBundle>> ModelBundle::Open(
    const std::filesystem::path& directory, const Catalogue& catalogue) {
  auto bundle = Verify(directory, catalogue);
  if (!bundle.ok()) return InBundle(directory, bundle.status());
  return bundle;
}

absl::StatusOr<std::shared_ptr<const ModelBundle>> ModelBundle::Verify(
    const std::filesystem::path& directory, const Catalogue& catalogue) {
  TENUTO_ASSIGN_OR_RETURN(v1::Manifest manifest, ReadManifest(directory));
  if (!manifest.parts().empty()) {
    return absl::UnimplementedError(
        absl::StrCat("is a model of ", manifest.parts_size(),
                     " forests (`tenuto train grace`), which scores no users"));
  }
  TENUTO_ASSIGN_OR_RETURN(const BundleFiles files,
                          ReadVerified(directory, manifest));
  TENUTO_ASSIGN_OR_RETURN(std::optional<FeaturePlan> plan,
                          CompilePlan(manifest, catalogue));
  TENUTO_ASSIGN_OR_RETURN(Calibrator calibrator,
                          Calibrator::Create(manifest.calibration()));
  TENUTO_ASSIGN_OR_RETURN(
      const Forest trees,
      ReadListedForest(files, kModelFile, manifest.columns_size(),
                       manifest.trees()));
  TENUTO_ASSIGN_OR_RETURN(
      CompiledForest forest,
      CompiledForest::Compile(absl::MakeConstSpan(&trees, 1)));
  TENUTO_RETURN_IF_ERROR(CheckGoldenRows(
      forest, 0, kGoldenFile, manifest.golden_rows(), files.at(kGoldenFile)));
  TENUTO_ASSIGN_OR_RETURN(PathForest paths, PathForest::Compile(trees));
  return std::shared_ptr<const ModelBundle>(
      new ModelBundle(std::move(manifest), std::move(forest), std::move(paths),
                      std::move(calibrator), std::move(plan)));
}

absl::Status ModelBundle::ScoreRows(absl::Span<const float> rows,
                                    absl::Span<Score> scores) const {
  // Of a thread, and only ever larger: a call allocates nothing.
  thread_local std::vector<std::byte> scratch;
  thread_local std::vector<float> margins;
  if (scratch.size() < forest_.ScratchBytes()) {
    scratch.resize(forest_.ScratchBytes());
  }
  margins.resize(scores.size());
  TENUTO_RETURN_IF_ERROR(forest_.PredictMargins(rows, absl::MakeSpan(margins),
                                                absl::MakeSpan(scratch)));
  for (std::size_t k = 0; k < scores.size(); ++k) {
    scores[k] = {margins[k], calibrator_.Probability(margins[k])};
  }
  return absl::OkStatus();
}

absl::Status ModelBundle::Contributions(absl::Span<const float> row,
                                        absl::Span<float> contributions) const {
  return paths_.Contributions(row, contributions);
}

}  // namespace tenuto
