// What every kind of bundle proves before it serves: the manifest's seal, the
// digest of each file, the fingerprint of each column, the bits of the golden
// rows. A bundle is a directory of these; what it is made of is its kind's.
// Thread-safe.
#ifndef TENUTO_MODEL_BUNDLE_FILES_H_
#define TENUTO_MODEL_BUNDLE_FILES_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "features/catalogue.h"
#include "features/feature_plan.h"
#include "model/bundle_manifest.h"
#include "model/forest/compiled_forest.h"
#include "model/forest/forest.h"
#include "model/forest/grid_forest.h"
#include "tenuto/v1/bundle.pb.h"

namespace tenuto {

using BundleFiles = absl::flat_hash_map<std::string, std::string>;

absl::StatusOr<v1::Manifest> ReadManifest(
    const std::filesystem::path& directory);

// Every file of the manifest, each read once: what was verified is what is
// loaded, whatever happens to the directory meanwhile. kDataLoss names the file
// whose size or SHA-256 is not the manifest's.
absl::StatusOr<BundleFiles> ReadVerified(const std::filesystem::path& directory,
                                         const v1::Manifest& manifest);

// The plan of the catalogue's columns; nothing where the columns are a table's,
// or all of a failed payment. kFailedPrecondition names a column that this
// program computes otherwise, or not at all.
absl::StatusOr<std::optional<FeaturePlan>> CompilePlan(
    const v1::Manifest& manifest, const Catalogue& catalogue);

// A forest of the bundle, of as many trees as the manifest says.
absl::StatusOr<Forest> ReadListedForest(const BundleFiles& files,
                                        const std::string& name, int columns,
                                        std::uint32_t trees);

// Whether the `which`-th forest gives `bytes`, the file `name` of so many rows,
// to the last bit: one row after the other and all together, since few rows and
// many take different ways through the processor.
absl::Status CheckGoldenRows(const CompiledForest& forest, std::size_t which,
                             absl::string_view name, std::uint32_t rows,
                             absl::string_view bytes);
// The same of a forest that is asked grids: each row as a grid of its own, and
// among the lines and places of those beside it.
absl::Status CheckGoldenRows(const GridForest& forest, absl::string_view name,
                             std::uint32_t rows, absl::string_view bytes);

// The code and text of `status`, with the bundle in front.
absl::Status InBundle(const std::filesystem::path& directory,
                      const absl::Status& status);

}  // namespace tenuto

#endif  // TENUTO_MODEL_BUNDLE_FILES_H_
