// Which bundle serves each model name right now. Readers never wait for a load;
// a bundle dies when its last request finishes.
#ifndef TENUTO_MODEL_MODEL_REGISTRY_H_
#define TENUTO_MODEL_MODEL_REGISTRY_H_

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
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

// Versions in `model_dir` that have a manifest, rising. A directory without one
// is still being written.
std::vector<std::int64_t> VersionsIn(const std::filesystem::path& model_dir);

// The version a model's `champion` file names, else its only or newest one.
// kNotFound when `models_dir/name` holds no bundle with a manifest, or not the
// one the file names.
absl::StatusOr<std::filesystem::path> FindChampion(
    const std::filesystem::path& models_dir, absl::string_view name);

// Thread-safe. `catalogue` must outlive it.
class ModelRegistry {
 public:
  ModelRegistry(std::filesystem::path root, const Catalogue& catalogue);

  // kUnavailable until a first version of `name` serves.
  absl::StatusOr<std::shared_ptr<const ModelBundle>> Current(
      absl::string_view name) const ABSL_LOCKS_EXCLUDED(mutex_);

  // Every model that serves, by name.
  std::vector<std::shared_ptr<const ModelBundle>> All() const
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Looks for versions to serve (version_policy.h), opens them off the request
  // path, then swaps. On a failure the serving version stays; the reasons come
  // back, one a refused bundle, and it is not tried again.
  std::vector<absl::Status> Refresh()
      ABSL_LOCKS_EXCLUDED(refresh_mutex_, mutex_);

 private:
  void RefreshModel(const std::string& name,
                    std::vector<absl::Status>& failures)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(refresh_mutex_) ABSL_LOCKS_EXCLUDED(mutex_);
  std::vector<VersionSnapshot> Snapshot(
      const std::string& name, absl::Span<const std::int64_t> versions) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(refresh_mutex_) ABSL_LOCKS_EXCLUDED(mutex_);

  const std::filesystem::path root_;
  const Catalogue& catalogue_;
  absl::Mutex refresh_mutex_;
  absl::flat_hash_set<std::string> refused_ ABSL_GUARDED_BY(refresh_mutex_);
  mutable absl::Mutex mutex_;
  absl::flat_hash_map<std::string, std::shared_ptr<const ModelBundle>> current_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace tenuto

#endif  // TENUTO_MODEL_MODEL_REGISTRY_H_
