#include "features/ledger_checkpoint.h"

#include <algorithm>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/base/atomic_file.h"
#include "features/base/status_macros.h"

namespace tenuto {

absl::Status BeginCheckpoint(const std::filesystem::path& directory) {
  std::error_code error;
  if (std::filesystem::exists(directory, error)) {
    return absl::AlreadyExistsError(
        absl::StrCat("a checkpoint needs a directory that is not there yet: ",
                     directory.string()));
  }
  return MakePrivateDirectory(directory);
}

absl::Status EndCheckpoint(const std::filesystem::path& directory,
                           const absl::Status& made) {
  if (made.ok()) {
    TENUTO_RETURN_IF_ERROR(SyncDirectory(directory));
    return SyncDirectory(std::filesystem::absolute(directory).parent_path());
  }
  std::error_code ignored;
  std::filesystem::remove_all(directory, ignored);
  return made;
}

absl::Status VisitCheckpoints(
    const std::filesystem::path& ledger,
    absl::FunctionRef<absl::Status(const std::filesystem::path&)> visit) {
  std::error_code error;
  const std::filesystem::path folder = ledger / kCheckpointsFolder;
  if (!std::filesystem::exists(folder, error)) return absl::OkStatus();
  std::vector<std::filesystem::path> checkpoints;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    checkpoints.push_back(entry.path());
  }
  if (error) {
    return absl::UnavailableError(
        absl::StrCat("reading ", folder.string(), ": ", error.message()));
  }
  std::sort(checkpoints.begin(), checkpoints.end());
  for (const std::filesystem::path& checkpoint : checkpoints) {
    // RocksDB renames the store into place when it is whole.
    if (std::filesystem::exists(checkpoint / "rocks" / "CURRENT", error)) {
      TENUTO_RETURN_IF_ERROR(visit(checkpoint));
    } else if (std::filesystem::exists(checkpoint / "rocks.tmp", error) ||
               std::filesystem::is_empty(checkpoint, error)) {
      std::filesystem::remove_all(checkpoint, error);
    }
  }
  return absl::OkStatus();
}

absl::Status RemoveHalfCheckpoints(const std::filesystem::path& ledger) {
  return VisitCheckpoints(
      ledger, [](const std::filesystem::path&) { return absl::OkStatus(); });
}

}  // namespace tenuto
