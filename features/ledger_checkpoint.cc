#include "features/ledger_checkpoint.h"

#include <algorithm>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/base/atomic_file.h"
#include "features/base/status_macros.h"

namespace tenuto {

namespace fs = std::filesystem;

absl::Status BeginCheckpoint(const fs::path& directory) {
  std::error_code error;
  if (fs::exists(directory, error)) {
    return absl::AlreadyExistsError(
        absl::StrCat("a checkpoint needs a directory that is not there yet: ",
                     directory.string()));
  }
  if (const fs::path above = directory.parent_path();
      !above.empty() && !fs::exists(above, error)) {
    TENUTO_RETURN_IF_ERROR(MakePrivateDirectory(above));
  }
  return MakePrivateDirectory(directory);
}

absl::Status EndCheckpoint(const fs::path& directory,
                           const absl::Status& made) {
  if (made.ok()) {
    // RocksDB makes it for all; copied elsewhere it should stay closed.
    std::error_code error;
    fs::permissions(directory / "rocks", fs::perms::owner_all, error);
    if (error) {
      return absl::UnavailableError(absl::StrCat("chmod 0700 ",
                                                 (directory / "rocks").string(),
                                                 ": ", error.message()));
    }
    TENUTO_RETURN_IF_ERROR(SyncDirectory(directory));
    return SyncDirectory(fs::absolute(directory).parent_path());
  }
  std::error_code ignored;
  fs::remove_all(directory, ignored);
  return made;
}

absl::Status VisitCheckpoints(
    const fs::path& ledger,
    absl::FunctionRef<absl::Status(const fs::path&)> visit) {
  std::error_code error;
  const fs::path folder = ledger / kCheckpointsFolder;
  if (!fs::exists(folder, error)) return absl::OkStatus();
  std::vector<fs::path> checkpoints;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    checkpoints.push_back(entry.path());
  }
  if (error) {
    return absl::UnavailableError(
        absl::StrCat("reading ", folder.string(), ": ", error.message()));
  }
  std::sort(checkpoints.begin(), checkpoints.end());
  for (const fs::path& checkpoint : checkpoints) {
    // RocksDB renames the store into place when it is whole.
    if (fs::exists(checkpoint / "rocks" / "CURRENT", error)) {
      TENUTO_RETURN_IF_ERROR(visit(checkpoint));
    } else if (fs::exists(checkpoint / "rocks.tmp", error) ||
               fs::is_empty(checkpoint, error)) {
      fs::remove_all(checkpoint, error);
    }
  }
  return absl::OkStatus();
}

absl::Status RemoveHalfCheckpoints(const fs::path& ledger) {
  return VisitCheckpoints(ledger,
                          [](const fs::path&) { return absl::OkStatus(); });
}

}  // namespace tenuto
