// The manifest of a bundle: text that people read, sealed by its own digest in
// the first line, because one flipped bit in a calibration or a category would
// otherwise change scores in silence.
// Thread-safe.
#ifndef TENUTO_MODEL_BUNDLE_MANIFEST_H_
#define TENUTO_MODEL_BUNDLE_MANIFEST_H_

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tenuto/v1/bundle.pb.h"

namespace tenuto {

inline constexpr char kManifestFile[] = "manifest.textproto";
inline constexpr char kModelFile[] = "model.json";
inline constexpr char kGoldenFile[] = "golden.bin";
inline constexpr char kChampionFile[] = "champion";
// Instead of a version in that file: none of them is to serve.
inline constexpr char kNoChampion[] = "none";

// The files of one forest of several (Manifest.parts).
std::string PartModelFile(absl::string_view part);   // "by_user.json"
std::string PartGoldenFile(absl::string_view part);  // "by_user.golden.bin"

// [a-z][a-z0-9_]{0,63}
bool IsModelName(absl::string_view name);

// A version as directories and the alias spell it: "1", never "01" or "+1".
std::optional<std::int64_t> ParseVersion(absl::string_view text);

// The bytes of a manifest file: the seal, then the text.
std::string SealManifest(const v1::Manifest& manifest);

// kInvalidArgument with the field that is wrong, kDataLoss when the seal does
// not match. `file` is used in the text only.
absl::StatusOr<v1::Manifest> ParseManifest(absl::string_view file,
                                           absl::string_view bytes);

// A file of a bundle. kInvalidArgument for anything but a regular file,
// kResourceExhausted above the limit of its kind.
absl::StatusOr<std::string> ReadBundleFile(
    const std::filesystem::path& directory, absl::string_view name);

}  // namespace tenuto

#endif  // TENUTO_MODEL_BUNDLE_MANIFEST_H_
