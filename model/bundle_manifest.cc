#include "model/bundle_manifest.h"

#include <algorithm>
#include <system_error>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "features/base/atomic_file.h"
#include "features/base/digest.h"
#include "features/base/status_macros.h"
#include "features/base/textproto.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/text_format.h"

namespace tenuto {
namespace {

constexpr std::uint32_t kFormat = 1;
constexpr char kSeal[] = "# sha256 of every line below: ";
constexpr int kDigestDigits = 64;
constexpr std::int64_t kManifestBytesMax = 32 << 20;
constexpr std::int64_t kFileBytesMax = 1 << 30;
constexpr int kColumnsMax = 100'000;

bool IsDigest(absl::string_view text) {
  return text.size() == kDigestDigits &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isdigit(static_cast<unsigned char>(c)) ||
                  (c >= 'a' && c <= 'f');
         });
}

bool IsFileName(absl::string_view name) {
  return !name.empty() && name[0] != '.' && !absl::StrContains(name, '/') &&
         !absl::StrContains(name, "..") && !absl::StrContains(name, '\0');
}

absl::Status CheckFiles(const v1::Manifest& manifest) {
  absl::flat_hash_set<std::string> names;
  for (const v1::FileDigest& file : manifest.files()) {
    if (!IsFileName(file.name()) || file.name() == kManifestFile) {
      return absl::InvalidArgumentError(absl::StrCat(
          "files: \"", file.name(), "\" is not a file name of a bundle"));
    }
    if (!names.insert(file.name()).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("files: \"", file.name(), "\" is listed twice"));
    }
    if (!IsDigest(file.sha256())) {
      return absl::InvalidArgumentError(
          absl::StrCat("files: \"", file.name(), "\" has no SHA-256 in ",
                       kDigestDigits, " lower-case hex digits"));
    }
  }
  std::vector<std::string> all_needed;
  for (const v1::ForestPart& part : manifest.parts()) {
    all_needed.push_back(PartModelFile(part.name()));
    all_needed.push_back(PartGoldenFile(part.name()));
  }
  if (all_needed.empty()) all_needed = {kModelFile, kGoldenFile};
  for (const std::string& needed : all_needed) {
    if (!names.contains(needed)) {
      return absl::InvalidArgumentError(
          absl::StrCat("files: ", needed, " is not listed"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckColumn(const v1::Column& column, bool is_table) {
  const auto wrong = [&column](absl::string_view reason) {
    return absl::InvalidArgumentError(
        absl::StrCat("column \"", column.name(), "\"", reason));
  };
  if (column.failure()) {
    if (column.has_table() || column.fingerprint().empty()) {
      return wrong(": a failed payment's has a fingerprint and is no table's");
    }
    return absl::OkStatus();
  }
  if (column.has_table() != is_table) {
    return wrong(": columns of a table and of the catalogue do not mix");
  }
  if (!is_table && column.fingerprint().empty()) {
    return wrong(" has no fingerprint");
  }
  if (is_table && (!column.fingerprint().empty() ||
                   column.table().type() == v1::COLUMN_TYPE_UNSPECIFIED)) {
    return wrong(": a table column has a type and no fingerprint");
  }
  return absl::OkStatus();
}

// All columns come from the catalogue, or all from a table: a row has one
// source. Behind them those of a failed payment, in a model of several forests
// only.
absl::Status CheckColumns(const v1::Manifest& manifest) {
  if (manifest.columns().empty() || manifest.columns_size() > kColumnsMax) {
    return absl::InvalidArgumentError(absl::StrCat(
        "columns: ", manifest.columns_size(), " are not in 1-", kColumnsMax));
  }
  const bool is_table = manifest.columns(0).has_table();
  bool failure = false;
  absl::flat_hash_set<std::string> names;
  for (const v1::Column& column : manifest.columns()) {
    if (column.name().empty() || !names.insert(column.name()).second) {
      return absl::InvalidArgumentError(absl::StrCat(
          "columns: the name \"", column.name(), "\" is empty or not unique"));
    }
    if ((failure && !column.failure()) ||
        (column.failure() && manifest.parts().empty())) {
      return absl::InvalidArgumentError(absl::StrCat(
          "column \"", column.name(),
          "\": those of a failed payment come last, and only in a model of ",
          "several forests"));
    }
    failure = column.failure();
    TENUTO_RETURN_IF_ERROR(CheckColumn(column, is_table));
  }
  return absl::OkStatus();
}

absl::Status CheckParts(const v1::Manifest& manifest) {
  if (manifest.parts().empty()) {
    if (manifest.golden_rows() >= 1) return absl::OkStatus();
    return absl::InvalidArgumentError(
        "golden_rows is 0; nothing can be proved");
  }
  if (manifest.golden_rows() != 0 || manifest.trees() != 0 ||
      manifest.has_calibration()) {
    return absl::InvalidArgumentError(
        "golden_rows, trees and calibration are each part's, not the model's");
  }
  absl::flat_hash_set<std::string> names;
  for (const v1::ForestPart& part : manifest.parts()) {
    if (!IsModelName(part.name()) || !names.insert(part.name()).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("parts: the name \"", part.name(),
                       "\" is not unique or not [a-z][a-z0-9_]{0,63}"));
    }
    if (part.golden_rows() < 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("part \"", part.name(),
                       "\": golden_rows is 0; nothing can be proved"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckFormat(std::uint32_t format) {
  if (format == kFormat) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "format ", format, " is unknown; this program reads format ", kFormat,
      ": train it again with this release, or use the release that wrote it"));
}

// What a manifest that does not parse says of its format, if it is a newer one:
// then fields that nobody here has heard of are no mistake.
absl::Status CheckFormatOf(absl::string_view text) {
  struct : google::protobuf::io::ErrorCollector {
    void AddError(int, int, const std::string&) override {}
  } silent;
  google::protobuf::TextFormat::Parser parser;
  parser.AllowUnknownField(true);
  parser.RecordErrorsTo(&silent);
  v1::Manifest manifest;
  const bool newer = parser.ParseFromString(std::string(text), &manifest) &&
                     manifest.format() > kFormat;
  return newer ? CheckFormat(manifest.format()) : absl::OkStatus();
}

absl::Status CheckManifest(const v1::Manifest& manifest) {
  TENUTO_RETURN_IF_ERROR(CheckFormat(manifest.format()));
  if (!IsModelName(manifest.model())) {
    return absl::InvalidArgumentError(absl::StrCat(
        "model \"", manifest.model(), "\" is not [a-z][a-z0-9_]{0,63}"));
  }
  if (manifest.version() < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("version ", manifest.version(), " is below 1"));
  }
  TENUTO_RETURN_IF_ERROR(CheckParts(manifest));
  TENUTO_RETURN_IF_ERROR(CheckFiles(manifest));
  return CheckColumns(manifest);
}

}  // namespace

std::string PartModelFile(absl::string_view part) {
  return absl::StrCat(part, ".json");
}

std::string PartGoldenFile(absl::string_view part) {
  return absl::StrCat(part, ".golden.bin");
}

bool IsModelName(absl::string_view name) {
  return !name.empty() && name.size() <= 64 && name[0] >= 'a' &&
         name[0] <= 'z' && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

std::optional<std::int64_t> ParseVersion(absl::string_view text) {
  std::int64_t version = 0;
  if (!absl::SimpleAtoi(text, &version) || version < 1) return std::nullopt;
  if (absl::StrCat(version) != text) return std::nullopt;
  return version;
}

std::string SealManifest(const v1::Manifest& manifest) {
  std::string text;
  google::protobuf::TextFormat::PrintToString(manifest, &text);
  return absl::StrCat(kSeal, Sha256Hex(text), "\n", text);
}

absl::StatusOr<v1::Manifest> ParseManifest(absl::string_view file,
                                           absl::string_view bytes) {
  const std::size_t seal_size = sizeof kSeal - 1 + kDigestDigits;
  if (!absl::StartsWith(bytes, kSeal) || bytes.size() <= seal_size ||
      bytes[seal_size] != '\n') {
    return absl::InvalidArgumentError(
        absl::StrCat(file, ": the first line is not \"", kSeal, "...\""));
  }
  const absl::string_view text = bytes.substr(seal_size + 1);
  if (Sha256Hex(text) != bytes.substr(sizeof kSeal - 1, kDigestDigits)) {
    return absl::DataLossError(absl::StrCat(
        file,
        ": was changed after it was written; its SHA-256 differs from "
        "the one in its first line"));
  }
  v1::Manifest manifest;
  const absl::Status parsed = ParseTextproto(file, text, manifest);
  const absl::Status status =
      parsed.ok() ? CheckManifest(manifest) : CheckFormatOf(text);
  if (!status.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(file, ": ", status.message()));
  }
  TENUTO_RETURN_IF_ERROR(parsed);
  return manifest;
}

absl::StatusOr<std::string> ReadBundleFile(
    const std::filesystem::path& directory, absl::string_view name) {
  const std::filesystem::path path = directory / std::string(name);
  std::error_code error;
  const auto status = std::filesystem::symlink_status(path, error);
  if (std::filesystem::exists(status) &&
      !std::filesystem::is_regular_file(status)) {
    return absl::InvalidArgumentError(absl::StrCat(
        path.string(), " is not a regular file; links are not followed"));
  }
  return ReadFile(path,
                  name == kManifestFile ? kManifestBytesMax : kFileBytesMax);
}

}  // namespace tenuto
