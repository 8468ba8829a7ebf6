// Which bundle serves each model name right now. Readers never wait for a load;
// a bundle dies when its last request finishes.
#ifndef TENUTO_MODEL_MODEL_REGISTRY_H_
#define TENUTO_MODEL_MODEL_REGISTRY_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "model/model_bundle.h"
#include "model/version_policy.h"

namespace tenuto {

// Those with a manifest, rising; a directory without one is being written.
std::vector<std::int64_t> VersionsIn(const std::filesystem::path& model_dir);

// The version a model's `champion` file names, else its only or newest one.
// kNotFound when `models_dir/name` holds no bundle with a manifest, or not the
// one the file names, or the file names none.
absl::StatusOr<std::filesystem::path> FindChampion(
    const std::filesystem::path& models_dir, absl::string_view name);

// Of whatever kind; the manifest lives as long as the bundle.
struct OpenBundle {
  std::shared_ptr<const void> bundle;
  const v1::Manifest* manifest = nullptr;
};

// Of one kind; BundleRegistry<> knows which. Thread-safe.
class OpenBundles {
 public:
  // kUnimplemented: the directory holds a bundle of another kind.
  using Opener = std::function<absl::StatusOr<OpenBundle>(
      const std::filesystem::path& directory)>;

  OpenBundles(std::filesystem::path root, Opener opener);
  absl::StatusOr<OpenBundle> Current(absl::string_view name) const
      ABSL_LOCKS_EXCLUDED(mutex_);
  std::vector<OpenBundle> All() const ABSL_LOCKS_EXCLUDED(mutex_);
  std::vector<absl::Status> Refresh()
      ABSL_LOCKS_EXCLUDED(refresh_mutex_, mutex_);

 private:
  absl::StatusOr<OpenBundle> OpenAt(const std::string& model,
                                    std::int64_t version) const;
  void RefreshModel(const std::string& name,
                    std::vector<absl::Status>& failures)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(refresh_mutex_) ABSL_LOCKS_EXCLUDED(mutex_);
  std::vector<VersionSnapshot> Snapshot(
      const std::string& name, absl::Span<const std::int64_t> versions) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(refresh_mutex_) ABSL_LOCKS_EXCLUDED(mutex_);

  const std::filesystem::path root_;
  const Opener opener_;
  absl::Mutex refresh_mutex_;
  absl::flat_hash_set<std::string> refused_ ABSL_GUARDED_BY(refresh_mutex_);
  mutable absl::Mutex mutex_;
  absl::flat_hash_map<std::string, OpenBundle> current_ ABSL_GUARDED_BY(mutex_);
};

// Of bundles that Bundle::Open(directory, catalogue) opens; several kinds may
// lie under one root. Thread-safe. `catalogue` must outlive it.
template <class Bundle>
class BundleRegistry {
 public:
  BundleRegistry(std::filesystem::path root, const Catalogue& catalogue)
      : bundles_(std::move(root),
                 [&catalogue](const std::filesystem::path& directory)
                     -> absl::StatusOr<OpenBundle> {
                   auto opened = Bundle::Open(directory, catalogue);
                   if (!opened.ok()) return opened.status();
                   const v1::Manifest* const manifest = &(*opened)->manifest();
                   return OpenBundle{*std::move(opened), manifest};
                 }) {}

  // kUnavailable until a first version of `name` serves.
  absl::StatusOr<std::shared_ptr<const Bundle>> Current(
      absl::string_view name) const {
    absl::StatusOr<OpenBundle> found = bundles_.Current(name);
    if (!found.ok()) return found.status();
    return std::static_pointer_cast<const Bundle>(std::move(found->bundle));
  }

  // Every model that serves, by name.
  std::vector<std::shared_ptr<const Bundle>> All() const {
    std::vector<std::shared_ptr<const Bundle>> all;
    for (OpenBundle& open : bundles_.All()) {
      all.push_back(
          std::static_pointer_cast<const Bundle>(std::move(open.bundle)));
    }
    return all;
  }

  // Looks for versions to serve (version_policy.h), opens them off the request
  // path, then swaps. On a failure the serving version stays; the reasons come
  // back, one a refused bundle, and it is not tried again.
  std::vector<absl::Status> Refresh() { return bundles_.Refresh(); }

 private:
  OpenBundles bundles_;
};

using ModelRegistry = BundleRegistry<ModelBundle>;

}  // namespace tenuto

#endif  // TENUTO_MODEL_MODEL_REGISTRY_H_
