#include "training/bundle_writer.h"

#include <unistd.h>

#include <algorithm>
#include <system_error>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "features/base/atomic_file.h"
#include "features/base/digest.h"
#include "features/base/status_macros.h"
#include "model/bundle_manifest.h"
#include "model/model_registry.h"
#include "training/golden_rows.h"

namespace tenuto {
namespace {

constexpr std::int64_t kAliasBytesMax = 64;

absl::Status Failed(absl::string_view action, const std::filesystem::path& path,
                    const std::error_code& error) {
  return absl::UnavailableError(absl::StrCat(
      "cannot ", action, " ", path.string(), ": ", error.message()));
}

// One above every number in use, be it a bundle or not.
std::int64_t NextVersion(const std::filesystem::path& model_dir) {
  std::int64_t highest = 0;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(model_dir, error), end;
       !error && entry != end; entry.increment(error)) {
    highest = std::max(
        highest, ParseVersion(entry->path().filename().string()).value_or(0));
  }
  return highest + 1;
}

absl::Status WriteListed(const std::filesystem::path& directory,
                         absl::string_view name, absl::string_view bytes,
                         v1::Manifest& manifest) {
  v1::FileDigest& file = *manifest.add_files();
  file.set_name(name.data(), name.size());
  file.set_sha256(Sha256Hex(bytes));
  file.set_size_bytes(static_cast<std::int64_t>(bytes.size()));
  return WriteFileAtomically(directory / file.name(), bytes);
}

// What the alias says, without the end of its line; empty without an alias.
absl::StatusOr<std::string> ReadAlias(const std::filesystem::path& model_dir) {
  absl::StatusOr<std::string> text =
      ReadFile(model_dir / kChampionFile, kAliasBytesMax);
  if (absl::IsNotFound(text.status())) return std::string();
  if (text.ok()) absl::StripAsciiWhitespace(&*text);
  return text;
}

absl::Status WriteAlias(const std::filesystem::path& model_dir,
                        absl::string_view version) {
  return WriteFileAtomically(model_dir / kChampionFile,
                             absl::StrCat(version, "\n"));
}

absl::Status WriteForest(const std::filesystem::path& directory,
                         const FittedModel& model,
                         const std::string& model_file,
                         const std::string& golden_file, std::uint64_t seed,
                         v1::Manifest& manifest) {
  TENUTO_ASSIGN_OR_RETURN(
      const std::string golden,
      MakeGoldenRows(model.forest.model_json, manifest.columns_size(), seed));
  TENUTO_RETURN_IF_ERROR(
      WriteListed(directory, model_file, model.forest.model_json, manifest));
  return WriteListed(directory, golden_file, golden, manifest);
}

// The manifest, last of all files.
absl::Status Seal(const std::filesystem::path& directory,
                  const v1::Manifest& manifest) {
  const std::string sealed = SealManifest(manifest);
  // What a server would refuse is not written.
  TENUTO_RETURN_IF_ERROR(ParseManifest(kManifestFile, sealed).status());
  return WriteFileAtomically(directory / kManifestFile, sealed);
}

absl::Status WriteFiles(const std::filesystem::path& directory,
                        v1::Manifest manifest, const FittedModel& model,
                        std::uint64_t seed) {
  manifest.set_format(1);
  manifest.set_trees(static_cast<std::uint32_t>(model.forest.trees));
  manifest.set_golden_rows(kGoldenRows);
  *manifest.mutable_calibration() = model.calibration;
  manifest.clear_files();
  TENUTO_RETURN_IF_ERROR(
      WriteForest(directory, model, kModelFile, kGoldenFile, seed, manifest));
  return Seal(directory, manifest);
}

absl::Status WritePartFiles(const std::filesystem::path& directory,
                            v1::Manifest manifest,
                            absl::Span<const FittedPart> parts,
                            std::uint64_t seed) {
  manifest.set_format(1);
  manifest.clear_files();
  manifest.clear_parts();
  for (const FittedPart& fitted : parts) {
    v1::ForestPart& part = *manifest.add_parts();
    part.set_name(fitted.name);
    part.set_trees(static_cast<std::uint32_t>(fitted.model->forest.trees));
    part.set_golden_rows(kGoldenRows);
    *part.mutable_calibration() = fitted.model->calibration;
    TENUTO_RETURN_IF_ERROR(
        WriteForest(directory, *fitted.model, PartModelFile(fitted.name),
                    PartGoldenFile(fitted.name), seed, manifest));
  }
  return Seal(directory, manifest);
}

// A new version of the model, whose files `write` puts into a directory.
absl::StatusOr<WrittenBundle> WriteVersion(
    const std::filesystem::path& models_dir, v1::Manifest& manifest,
    Crown crown,
    absl::FunctionRef<absl::Status(const std::filesystem::path&)> write) {
  if (!IsModelName(manifest.model())) {
    return absl::InvalidArgumentError(absl::StrCat(
        "model \"", manifest.model(), "\" is not [a-z][a-z0-9_]{0,63}"));
  }
  const std::filesystem::path model_dir = models_dir / manifest.model();
  WrittenBundle written;
  written.version = NextVersion(model_dir);
  written.directory = model_dir / absl::StrCat(written.version);
  manifest.set_version(written.version);
  const std::filesystem::path partial =
      absl::StrCat(written.directory.string(), ".partial.", ::getpid());
  std::error_code error;
  std::filesystem::remove_all(partial, error);
  if (!std::filesystem::create_directories(partial, error)) {
    return Failed("create", partial, error);
  }
  auto discard = absl::MakeCleanup([&partial] {
    std::error_code ignored;
    std::filesystem::remove_all(partial, ignored);
  });
  TENUTO_ASSIGN_OR_RETURN(const std::string alias, ReadAlias(model_dir));
  const std::vector<std::int64_t> before = VersionsIn(model_dir);
  const bool has_champion =
      alias.empty() ? !before.empty() : alias != kNoChampion;
  written.is_champion =
      crown == Crown::kAlways || (crown == Crown::kIfNone && !has_champion);
  TENUTO_RETURN_IF_ERROR(write(partial));
  // Without an alias a server would take the newest, so the alias comes first.
  if (!written.is_champion && alias.empty()) {
    TENUTO_RETURN_IF_ERROR(WriteAlias(
        model_dir, before.empty() ? kNoChampion : absl::StrCat(before.back())));
  }
  std::filesystem::rename(partial, written.directory, error);
  if (error) return Failed("rename to", written.directory, error);
  std::move(discard).Cancel();
  TENUTO_RETURN_IF_ERROR(SyncDirectory(model_dir));
  if (written.is_champion) {
    TENUTO_RETURN_IF_ERROR(
        WriteAlias(model_dir, absl::StrCat(written.version)));
  }
  return written;
}

}  // namespace

absl::StatusOr<WrittenBundle> WriteBundle(
    const std::filesystem::path& models_dir, v1::Manifest manifest,
    const FittedModel& model, std::uint64_t seed, Crown crown) {
  return WriteVersion(models_dir, manifest, crown,
                      [&](const std::filesystem::path& directory) {
                        return WriteFiles(directory, manifest, model, seed);
                      });
}

absl::StatusOr<WrittenBundle> WriteBundle(
    const std::filesystem::path& models_dir, v1::Manifest manifest,
    absl::Span<const FittedPart> parts, std::uint64_t seed, Crown crown) {
  return WriteVersion(models_dir, manifest, crown,
                      [&](const std::filesystem::path& directory) {
                        return WritePartFiles(directory, manifest, parts, seed);
                      });
}

}  // namespace tenuto
