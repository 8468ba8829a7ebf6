#include "model/bundle_files.h"

#include <bit>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/base/digest.h"
#include "features/base/status_macros.h"
#include "model/forest/forest_json.h"

namespace tenuto {

static_assert(std::endian::native == std::endian::little,
              "golden rows are little-endian");

absl::StatusOr<v1::Manifest> ReadManifest(
    const std::filesystem::path& directory) {
  TENUTO_ASSIGN_OR_RETURN(const std::string text,
                          ReadBundleFile(directory, kManifestFile));
  return ParseManifest(kManifestFile, text);
}

absl::StatusOr<BundleFiles> ReadVerified(const std::filesystem::path& directory,
                                         const v1::Manifest& manifest) {
  BundleFiles files;
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

absl::StatusOr<std::optional<FeaturePlan>> CompilePlan(
    const v1::Manifest& manifest, const Catalogue& catalogue) {
  if (manifest.columns(0).has_table() || manifest.columns(0).failure()) {
    return std::nullopt;
  }
  std::vector<std::string> names;
  for (const v1::Column& column : manifest.columns()) {
    if (column.failure()) break;  // They come last.
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

absl::StatusOr<Forest> ReadListedForest(const BundleFiles& files,
                                        const std::string& name, int columns,
                                        std::uint32_t trees) {
  TENUTO_ASSIGN_OR_RETURN(Forest forest,
                          ReadForestJson(files.at(name), columns));
  if (forest.trees.size() != trees) {
    return absl::DataLossError(absl::StrCat(name, " has ", forest.trees.size(),
                                            " trees, not ", trees));
  }
  return forest;
}

absl::Status CheckGoldenRows(const CompiledForest& forest, std::size_t which,
                             absl::string_view name, std::uint32_t rows,
                             absl::string_view bytes) {
  const auto width = static_cast<std::size_t>(forest.columns());
  if (bytes.size() != rows * (width + 1) * sizeof(float)) {
    return absl::DataLossError(absl::StrCat(name, " has ", bytes.size(),
                                            " bytes, which are not ", rows,
                                            " rows of ", width, " columns"));
  }
  std::vector<float> values(rows * width), expected(rows);
  for (std::uint32_t r = 0; r < rows; ++r) {
    const char* row = bytes.data() + r * (width + 1) * sizeof(float);
    std::memcpy(values.data() + r * width, row, width * sizeof(float));
    std::memcpy(&expected[r], row + width * sizeof(float), sizeof(float));
  }
  std::vector<std::byte> scratch(forest.ScratchBytes());
  std::vector<float> together(rows * forest.forests());
  std::vector<float> single(forest.forests());
  TENUTO_RETURN_IF_ERROR(forest.PredictMargins(values, absl::MakeSpan(together),
                                               absl::MakeSpan(scratch)));
  for (std::uint32_t r = 0; r < rows; ++r) {
    TENUTO_RETURN_IF_ERROR(forest.PredictMargins(
        absl::MakeConstSpan(values).subspan(r * width, width),
        absl::MakeSpan(single), absl::MakeSpan(scratch)));
    for (const float margin : {single[which], together[which * rows + r]}) {
      if (std::bit_cast<std::uint32_t>(margin) !=
          std::bit_cast<std::uint32_t>(expected[r])) {
        return absl::DataLossError(absl::StrCat(
            name, ": row ", r, " scores ", margin, ", not ", expected[r],
            " as when the bundle was written; is the forest another one's?"));
      }
    }
  }
  return absl::OkStatus();
}

absl::Status InBundle(const std::filesystem::path& directory,
                      const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat("bundle ", directory.string(),
                                                  ": ", status.message()));
}

}  // namespace tenuto
