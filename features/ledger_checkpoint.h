// Checkpoints of a ledger as directories: where they are, and that a half-made
// one never looks like a whole one.
// Thread-safe, but one checkpoint of a ledger at a time.
#ifndef TENUTO_FEATURES_LEDGER_CHECKPOINT_H_
#define TENUTO_FEATURES_LEDGER_CHECKPOINT_H_

#include <filesystem>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"

namespace tenuto {

// In a ledger's directory: those that it knows and keeps free of erased users.
inline constexpr char kCheckpointsFolder[] = "checkpoints";

// Makes the directory, for its owner only. kAlreadyExists.
absl::Status BeginCheckpoint(const std::filesystem::path& directory);
// Makes it durable, or takes it back when `made` is an error, which it returns.
absl::Status EndCheckpoint(const std::filesystem::path& directory,
                           const absl::Status& made);

// Every checkpoint in the ledger's own folder, in order of names, until an
// error. Removes those that a crash left half made.
absl::Status VisitCheckpoints(
    const std::filesystem::path& ledger,
    absl::FunctionRef<absl::Status(const std::filesystem::path&)> visit);

// Only removes: so that whoever repeats the call that made one does not hear
// that it is there. For who has the ledger to write.
absl::Status RemoveHalfCheckpoints(const std::filesystem::path& ledger);

}  // namespace tenuto

#endif  // TENUTO_FEATURES_LEDGER_CHECKPOINT_H_
