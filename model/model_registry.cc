#include "model/model_registry.h"

#include <algorithm>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "features/base/atomic_file.h"
#include "features/base/crash_point.h"
#include "features/base/status_macros.h"

namespace tenuto {
namespace {

constexpr std::int64_t kChampionBytesMax = 64;

std::vector<std::string> DirectoriesIn(const std::filesystem::path& parent) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(parent, error), end;
       !error && entry != end; entry.increment(error)) {
    std::error_code ignored;
    if (entry->is_directory(ignored)) {
      names.push_back(entry->path().filename().string());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

// Of "none" in the alias; no bundle has this version.
constexpr std::int64_t kNoVersion = 0;

// Nothing when there is no alias.
absl::StatusOr<std::optional<std::int64_t>> ReadChampion(
    const std::filesystem::path& model_dir) {
  const std::filesystem::path path = model_dir / kChampionFile;
  const absl::StatusOr<std::string> text = ReadFile(path, kChampionBytesMax);
  if (absl::IsNotFound(text.status())) return std::nullopt;
  TENUTO_RETURN_IF_ERROR(text.status());
  const absl::string_view word = absl::StripAsciiWhitespace(*text);
  if (word == kNoChampion) return kNoVersion;
  const std::optional<std::int64_t> version = ParseVersion(word);
  if (!version.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path.string(), ": \"", *text, "\" is not a version"));
  }
  return version;
}

absl::Status CheckAlias(
    const std::filesystem::path& model_dir,
    const absl::StatusOr<std::optional<std::int64_t>>& champion,
    absl::Span<const std::int64_t> versions) {
  TENUTO_RETURN_IF_ERROR(champion.status());
  if (!champion->has_value() || **champion == kNoVersion ||
      std::binary_search(versions.begin(), versions.end(), **champion)) {
    return absl::OkStatus();
  }
  return absl::NotFoundError(absl::StrCat((model_dir / kChampionFile).string(),
                                          " names version ", **champion,
                                          ", of which there is no bundle"));
}

}  // namespace

std::vector<std::int64_t> VersionsIn(const std::filesystem::path& model_dir) {
  std::vector<std::int64_t> versions;
  for (const std::string& name : DirectoriesIn(model_dir)) {
    const std::optional<std::int64_t> version = ParseVersion(name);
    std::error_code ignored;
    if (version.has_value() &&
        std::filesystem::exists(model_dir / name / kManifestFile, ignored)) {
      versions.push_back(*version);
    }
  }
  std::sort(versions.begin(), versions.end());
  return versions;
}

absl::StatusOr<std::filesystem::path> FindChampion(
    const std::filesystem::path& models_dir, absl::string_view name) {
  if (!IsModelName(name)) {
    return absl::InvalidArgumentError(
        absl::StrCat("model \"", name, "\" is not [a-z][a-z0-9_]{0,63}"));
  }
  const std::filesystem::path model_dir = models_dir / std::string(name);
  const std::vector<std::int64_t> versions = VersionsIn(model_dir);
  if (versions.empty()) {
    return absl::NotFoundError(absl::StrCat(
        model_dir.string(), " holds no model; train one with `tenuto train`"));
  }
  const auto champion = ReadChampion(model_dir);
  TENUTO_RETURN_IF_ERROR(CheckAlias(model_dir, champion, versions));
  const std::int64_t version = champion->value_or(versions.back());
  if (version == kNoVersion) {
    return absl::NotFoundError(
        absl::StrCat("no version of ", name, " is champion, as ",
                     (model_dir / kChampionFile).string(),
                     " says; write the number of one into it, the newest is ",
                     versions.back(), ", or train one with --champion always"));
  }
  return model_dir / absl::StrCat(version);
}

OpenBundles::OpenBundles(std::filesystem::path root, Opener opener)
    : root_(std::move(root)), opener_(std::move(opener)) {}

absl::StatusOr<OpenBundle> OpenBundles::Current(absl::string_view name) const {
  absl::ReaderMutexLock lock(&mutex_);
  const auto found = current_.find(name);
  if (found != current_.end()) return found->second;
  return absl::UnavailableError(
      absl::StrCat("no version of model \"", name, "\" serves yet"));
}

std::vector<OpenBundle> OpenBundles::All() const {
  std::vector<OpenBundle> all;
  {
    absl::ReaderMutexLock lock(&mutex_);
    for (const auto& [name, open] : current_) all.push_back(open);
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return a.manifest->model() < b.manifest->model();
  });
  return all;
}

// A bundle must stand where its manifest says, or a copied directory would
// serve under a wrong name.
absl::StatusOr<OpenBundle> OpenBundles::OpenAt(const std::string& model,
                                               std::int64_t version) const {
  const std::filesystem::path directory = root_ / model / absl::StrCat(version);
  TENUTO_ASSIGN_OR_RETURN(OpenBundle open, opener_(directory));
  const v1::Manifest& manifest = *open.manifest;
  if (manifest.model() != model || manifest.version() != version) {
    return absl::InvalidArgumentError(
        absl::StrCat("bundle ", directory.string(), ": its manifest is of ",
                     manifest.model(), " version ", manifest.version()));
  }
  return open;
}

std::vector<absl::Status> OpenBundles::Refresh() {
  absl::MutexLock lock(&refresh_mutex_);
  std::vector<absl::Status> failures;
  for (const std::string& name : DirectoriesIn(root_)) {
    if (IsModelName(name)) RefreshModel(name, failures);
  }
  return failures;
}

void OpenBundles::RefreshModel(const std::string& name,
                               std::vector<absl::Status>& failures) {
  const absl::StatusOr<std::optional<std::int64_t>> champion =
      ReadChampion(root_ / name);
  const std::vector<std::int64_t> versions = VersionsIn(root_ / name);
  if (const absl::Status alias = CheckAlias(root_ / name, champion, versions);
      !alias.ok()) {
    // Said once, and what serves stays.
    if (refused_.insert(alias.ToString()).second) failures.push_back(alias);
    return;
  }
  while (const std::optional<std::int64_t> next =
             NextVersionToLoad(Snapshot(name, versions), *champion)) {
    auto bundle = OpenAt(name, *next);
    if (bundle.ok()) {
      TENUTO_CRASH_POINT("models.before_swap");
      absl::MutexLock lock(&mutex_);
      std::swap(current_[name], *bundle);
      return;  // The former bundle dies with its last request.
    }
    refused_.insert(absl::StrCat(name, "/", *next));
    // One of another kind is somebody else's to open, and no failure.
    if (!absl::IsUnimplemented(bundle.status())) {
      failures.push_back(bundle.status());
    }
  }
}

std::vector<VersionSnapshot> OpenBundles::Snapshot(
    const std::string& name, absl::Span<const std::int64_t> versions) const {
  const auto serving = Current(name);
  std::vector<VersionSnapshot> snapshots;
  for (const std::int64_t version : versions) {
    VersionState state = VersionState::kFound;
    if (refused_.contains(absl::StrCat(name, "/", version))) {
      state = VersionState::kRefused;
    } else if (serving.ok() && serving->manifest->version() == version) {
      state = VersionState::kServing;
    }
    snapshots.push_back({version, state});
  }
  // A version serves on when its directory is gone: only the alias takes back.
  if (serving.ok() && !std::binary_search(versions.begin(), versions.end(),
                                          serving->manifest->version())) {
    snapshots.push_back({serving->manifest->version(), VersionState::kServing});
  }
  return snapshots;
}

}  // namespace tenuto
