// Whole files, read with a size limit and written so that a crash leaves the
// old file or the new one, never half of one.
// Thread-safe.
#ifndef TENUTO_FEATURES_BASE_ATOMIC_FILE_H_
#define TENUTO_FEATURES_BASE_ATOMIC_FILE_H_

#include <cstdint>
#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tenuto {

// kNotFound, kResourceExhausted if larger than `size_bytes_max`, or
// kUnavailable with the path and the system's reason.
absl::StatusOr<std::string> ReadFile(const std::filesystem::path& path,
                                     std::int64_t size_bytes_max = 1 << 30);

// Writes beside `path`, syncs, renames, syncs the directory. `mode` is the
// file's permission bits.
absl::Status WriteFileAtomically(const std::filesystem::path& path,
                                 absl::string_view bytes, int mode = 0644);

// Makes `directory`, mode 0700, and those above it that are missing. One that
// exists keeps its mode. kUnavailable with the path and the system's reason.
absl::Status MakePrivateDirectory(const std::filesystem::path& directory);

// For those who write files of their own: errno, as kNotFound or kUnavailable,
// with what was done to which path; and all of `bytes`, not yet synced.
absl::Status SystemError(absl::string_view action,
                         const std::filesystem::path& path);
absl::Status WriteAll(int fd, absl::string_view bytes,
                      const std::filesystem::path& path);

// Makes a rename inside `directory` durable.
absl::Status SyncDirectory(const std::filesystem::path& directory);

}  // namespace tenuto

#endif  // TENUTO_FEATURES_BASE_ATOMIC_FILE_H_
