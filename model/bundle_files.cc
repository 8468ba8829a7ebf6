#include "model/bundle_files.h"

#include <algorithm>
#include <array>
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
namespace {

struct GoldenRows {
  std::size_t width;
  std::vector<float> values;
  std::vector<float> margins;

  absl::Span<const float> Row(std::uint32_t r) const {
    return absl::MakeConstSpan(values).subspan(r * width, width);
  }
  absl::Status Check(std::uint32_t r, float margin,
                     absl::string_view name) const {
    if (std::bit_cast<std::uint32_t>(margin) ==
        std::bit_cast<std::uint32_t>(margins[r])) {
      return absl::OkStatus();
    }
    return absl::DataLossError(absl::StrCat(
        name, ": row ", r, " scores ", margin, ", not ", margins[r],
        " as when the bundle was written; is the forest another one's?"));
  }
};

absl::StatusOr<GoldenRows> ReadGoldenRows(int columns, absl::string_view name,
                                          std::uint32_t rows,
                                          absl::string_view bytes) {
  const auto width = static_cast<std::size_t>(columns);
  if (bytes.size() != rows * (width + 1) * sizeof(float)) {
    return absl::DataLossError(absl::StrCat(name, " has ", bytes.size(),
                                            " bytes, which are not ", rows,
                                            " rows of ", width, " columns"));
  }
  GoldenRows golden{width, std::vector<float>(rows * width),
                    std::vector<float>(rows)};
  for (std::uint32_t r = 0; r < rows; ++r) {
    const char* row = bytes.data() + r * (width + 1) * sizeof(float);
    std::memcpy(golden.values.data() + r * width, row, width * sizeof(float));
    std::memcpy(&golden.margins[r], row + width * sizeof(float), sizeof(float));
  }
  return golden;
}

void Append(absl::Span<const float> row, absl::Span<const int> columns,
            std::vector<float>& values) {
  for (const int column : columns) {
    values.push_back(row[static_cast<std::size_t>(column)]);
  }
}

}  // namespace

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
  TENUTO_ASSIGN_OR_RETURN(const GoldenRows golden,
                          ReadGoldenRows(forest.columns(), name, rows, bytes));
  std::vector<std::byte> scratch(forest.ScratchBytes());
  std::vector<float> together(rows * forest.forests());
  std::vector<float> single(forest.forests());
  TENUTO_RETURN_IF_ERROR(forest.PredictMargins(
      golden.values, absl::MakeSpan(together), absl::MakeSpan(scratch)));
  for (std::uint32_t r = 0; r < rows; ++r) {
    TENUTO_RETURN_IF_ERROR(forest.PredictMargins(
        golden.Row(r), absl::MakeSpan(single), absl::MakeSpan(scratch)));
    for (const float margin : {single[which], together[which * rows + r]}) {
      TENUTO_RETURN_IF_ERROR(golden.Check(r, margin, name));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckGoldenRows(const GridForest& forest, absl::string_view name,
                             std::uint32_t rows, absl::string_view bytes) {
  TENUTO_ASSIGN_OR_RETURN(const GoldenRows golden,
                          ReadGoldenRows(forest.columns(), name, rows, bytes));
  constexpr std::uint32_t kSide = GridForest::kPlacesMax;
  constexpr std::uint32_t kLines = GridForest::kLinesMax;
  std::array<float, kLines * kSide> margins;
  std::vector<float> lines, places;
  for (const std::uint32_t side : {1u, 16u, kSide}) {  // Each stride.
    for (std::uint32_t first = 0; first < rows; first += side) {
      const std::uint32_t end = std::min(rows, first + side);
      lines.clear();
      places.clear();
      const std::uint32_t count = end - first;
      const auto stride = static_cast<std::uint32_t>(
          GridForest::StrideOf(static_cast<int>(side)));
      // Again and again, up to the last place and line that can be asked.
      for (std::uint32_t place = 0; place < side; ++place) {
        Append(golden.Row(first + place % count), forest.place_columns(),
               places);
      }
      for (std::uint32_t line = 0; line < kLines; ++line) {
        Append(golden.Row(first + line % count), forest.line_columns(), lines);
      }
      for (std::uint32_t r = first; r < end; ++r) {
        forest.Predict({golden.Row(r), lines, places, GridForest::kLinesMax,
                        static_cast<int>(side)},
                       absl::MakeSpan(margins).first(kLines * stride));
        for (std::uint32_t line = r - first; line < kLines; line += count) {
          for (std::uint32_t p = r - first; p < side; p += count) {
            TENUTO_RETURN_IF_ERROR(
                golden.Check(r, margins[line * stride + p], name));
          }
        }
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
