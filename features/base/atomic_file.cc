#include "features/base/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "features/base/status_macros.h"

namespace tenuto {

absl::Status SystemError(absl::string_view action,
                         const std::filesystem::path& path) {
  const int error = errno;
  const std::string text = absl::StrCat("cannot ", action, " ", path.string(),
                                        ": ", std::strerror(error));
  return error == ENOENT ? absl::NotFoundError(text)
                         : absl::UnavailableError(text);
}

absl::Status WriteAll(int fd, absl::string_view bytes,
                      const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return SystemError("write", path);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadFile(const std::filesystem::path& path,
                                     std::int64_t size_bytes_max) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return SystemError("open", path);
  const auto close = absl::MakeCleanup([fd] { ::close(fd); });
  struct stat facts;
  if (::fstat(fd, &facts) != 0) return SystemError("stat", path);
  if (!S_ISREG(facts.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path.string(), " is not a regular file"));
  }
  if (facts.st_size > size_bytes_max) {
    return absl::ResourceExhaustedError(
        absl::StrCat(path.string(), " has ", facts.st_size, " bytes; at most ",
                     size_bytes_max, " are read"));
  }
  std::string bytes(static_cast<std::size_t>(facts.st_size), '\0');
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t count =
        ::read(fd, bytes.data() + filled, bytes.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return SystemError("read", path);
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  }
  bytes.resize(filled);
  return bytes;
}

absl::Status WriteFileAtomically(const std::filesystem::path& path,
                                 absl::string_view bytes, int mode) {
  const std::filesystem::path partial =
      absl::StrCat(path.string(), ".partial.", ::getpid());
  const int fd =
      ::open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (fd < 0) return SystemError("create", partial);
  absl::Status status = WriteAll(fd, bytes, partial);
  if (status.ok() && ::fsync(fd) != 0) status = SystemError("sync", partial);
  ::close(fd);
  if (status.ok() && ::rename(partial.c_str(), path.c_str()) != 0) {
    status = SystemError("rename to", path);
  }
  if (!status.ok()) {
    ::unlink(partial.c_str());
    return status;
  }
  const auto parent = path.parent_path();
  return SyncDirectory(parent.empty() ? "." : parent);
}

absl::Status MakePrivateDirectory(const std::filesystem::path& directory) {
  const std::filesystem::path path =
      directory.has_filename() ? directory : directory.parent_path();
  std::error_code error;
  if (path.has_parent_path()) {
    std::filesystem::create_directories(path.parent_path(), error);
  }
  if (!error && (::mkdir(path.c_str(), 0700) == 0 ||
                 std::filesystem::is_directory(path, error))) {
    return absl::OkStatus();
  }
  const std::string reason = error ? error.message() : std::strerror(errno);
  return absl::UnavailableError(
      absl::StrCat("cannot make ", directory.string(), ": ", reason));
}

absl::Status SyncDirectory(const std::filesystem::path& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return SystemError("open directory", directory);
  const auto close = absl::MakeCleanup([fd] { ::close(fd); });
  if (::fsync(fd) != 0) return SystemError("sync directory", directory);
  return absl::OkStatus();
}

}  // namespace tenuto
