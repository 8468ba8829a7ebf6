#include "model/model_bundle.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "features/base/digest.h"
#include "features/base/status_macros.h"
#include "model/forest/forest.h"
#include "model/forest/forest_json.h"

namespace tenuto {
namespace {

static_assert(std::endian::native == std::endian::little,
              "golden.bin is little-endian");

using Files = absl::flat_hash_map<std::string, std::string>;

// Every file of the manifest, each read once: what was verified is what is
// loaded, whatever happens to the directory meanwhile.
absl::StatusOr<Files> ReadVerified(const std::filesystem::path& directory,
                                   const v1::Manifest& manifest) {
  Files files;
  for (const v1::FileDigest& file : manifest.files()) {
    TENUTO_ASSIGN_OR_RETURN(std::string bytes,
                            ReadBundleFile(directory, file.name()));
    if (static_cast<std::int64_t>(bytes.size()) != file.size_bytes()) {
      return absl::DataLossError(absl::StrCat(
          (directory / file.name()).string(), " has ", bytes.size(),
          " bytes, the manifest says ", file.size_bytes()));
    }
    if (Sha256Hex(bytes) != file.sha256()) {
      return absl::DataLossError(
          absl::StrCat((directory / file.name()).string(),
                       ": its SHA-256 is not the manifest's"));
    }
    files.emplace(file.name(), std::move(bytes));
  }
  return files;
}

// Nothing for the columns of a table.
absl::StatusOr<std::optional<FeaturePlan>> CompilePlan(
    const v1::Manifest& manifest, const Catalogue& catalogue) {
  if (manifest.columns(0).has_table()) return std::nullopt;
  std::vector<std::string> names;
  for (const v1::Column& column : manifest.columns()) {
    const Feature* feature = catalogue.FindFeature(column.name());
    if (feature == nullptr) {
      return absl::FailedPreconditionError(
          absl::StrCat("column \"", column.name(),
                       "\" is no feature of this program's catalogue"));
    }
    if (feature->fingerprint != column.fingerprint()) {
      return absl::FailedPreconditionError(absl::StrCat(
          "column \"", column.name(), "\" was trained as fingerprint ",
          column.fingerprint(), ", this program computes ",
          feature->fingerprint, "; train the model again"));
    }
    names.push_back(column.name());
  }
  TENUTO_ASSIGN_OR_RETURN(FeaturePlan plan,
                          FeaturePlan::Compile(catalogue, names));
  return plan;
}

// One after the other and all together, since few rows and many take different
// ways through the processor.
absl::Status CheckGoldenRows(const CompiledForest& forest, std::uint32_t rows,
                             absl::string_view bytes) {
  const auto width = static_cast<std::size_t>(forest.columns());
  if (bytes.size() != rows * (width + 1) * sizeof(float)) {
    return absl::DataLossError(absl::StrCat(kGoldenFile, " has ", bytes.size(),
                                            " bytes, which are ", "not ", rows,
                                            " rows of ", width, " columns"));
  }
  std::vector<float> values(rows * width), expected(rows), single(rows);
  for (std::uint32_t r = 0; r < rows; ++r) {
    const char* row = bytes.data() + r * (width + 1) * sizeof(float);
    std::memcpy(values.data() + r * width, row, width * sizeof(float));
    std::memcpy(&expected[r], row + width * sizeof(float), sizeof(float));
  }
  std::vector<std::byte> scratch(forest.ScratchBytes());
  std::vector<float> together(rows);
  TENUTO_RETURN_IF_ERROR(forest.PredictMargins(values, absl::MakeSpan(together),
                                               absl::MakeSpan(scratch)));
  for (std::uint32_t r = 0; r < rows; ++r) {
    TENUTO_RETURN_IF_ERROR(forest.PredictMargins(
        absl::MakeConstSpan(values).subspan(r * width, width),
        absl::MakeSpan(&single[r], 1), absl::MakeSpan(scratch)));
    for (const float margin : {single[r], together[r]}) {
      if (std::bit_cast<std::uint32_t>(margin) !=
          std::bit_cast<std::uint32_t>(expected[r])) {
        return absl::DataLossError(absl::StrCat(
            kGoldenFile, ": row ", r, " scores ", margin, ", not ", expected[r],
            " as when the bundle was written; is model.json another one's?"));
      }
    }
  }
  return absl::OkStatus();
}

// The code and text of `status`, with the bundle in front.
absl::Status In(const std::filesystem::path& directory,
                const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat("bundle ", directory.string(),
                                                  ": ", status.message()));
}

}  // namespace

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
  if (!bundle.ok()) return In(directory, bundle.status());
  return bundle;
}

absl::StatusOr<std::shared_ptr<const ModelBundle>> ModelBundle::Verify(
    const std::filesystem::path& directory, const Catalogue& catalogue) {
  TENUTO_ASSIGN_OR_RETURN(const std::string text,
                          ReadBundleFile(directory, kManifestFile));
  TENUTO_ASSIGN_OR_RETURN(v1::Manifest manifest,
                          ParseManifest(kManifestFile, text));
  TENUTO_ASSIGN_OR_RETURN(const Files files, ReadVerified(directory, manifest));
  TENUTO_ASSIGN_OR_RETURN(std::optional<FeaturePlan> plan,
                          CompilePlan(manifest, catalogue));
  TENUTO_ASSIGN_OR_RETURN(Calibrator calibrator,
                          Calibrator::Create(manifest.calibration()));
  TENUTO_ASSIGN_OR_RETURN(
      const Forest trees,
      ReadForestJson(files.at(kModelFile), manifest.columns_size()));
  if (trees.trees.size() != manifest.trees()) {
    return absl::DataLossError(absl::StrCat(kModelFile, " has ",
                                            trees.trees.size(), " trees, not ",
                                            manifest.trees()));
  }
  TENUTO_ASSIGN_OR_RETURN(
      CompiledForest forest,
      CompiledForest::Compile(absl::MakeConstSpan(&trees, 1)));
  TENUTO_RETURN_IF_ERROR(
      CheckGoldenRows(forest, manifest.golden_rows(), files.at(kGoldenFile)));
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
