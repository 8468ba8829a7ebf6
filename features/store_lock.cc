#include "features/store_lock.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

namespace tenuto {

std::string WriterOf(const std::filesystem::path& directory) {
  const std::filesystem::path file = directory / "rocks" / "LOCK";
  const int fd = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
  // A store that was never opened has none, and others' may be closed to us.
  if (fd < 0) return errno == EACCES ? "another process" : "";
  const auto close = absl::MakeCleanup([fd] { ::close(fd); });
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  if (::fcntl(fd, F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) return "";
  std::string name;
  std::ifstream(absl::StrCat("/proc/", lock.l_pid, "/comm")) >> name;
  return absl::StrCat("process ", lock.l_pid, " (", name, ")");
}

}  // namespace tenuto
