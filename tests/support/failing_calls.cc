#include "tests/support/failing_calls.h"

#include <fcntl.h>
#include <sys/types.h>

#include <cerrno>
#include <cstdarg>
#include <cstddef>

namespace tenuto::testing {

FailingCalls& FailingCalls::Get() {
  static auto* const calls = new FailingCalls;
  return *calls;
}

}  // namespace tenuto::testing

namespace {

bool Fails() {
  if (!tenuto::testing::FailingCalls::Get().Fails()) return false;
  errno = EIO;
  return true;
}

}  // namespace

// The linker's --wrap=NAME leads calls of NAME to __wrap_NAME, and those of
// __real_NAME to NAME.
extern "C" {

int __real_open(const char* path, int flags, ...);
ssize_t __real_write(int file, const void* bytes, std::size_t count);
int __real_fsync(int file);
int __real_fdatasync(int file);
int __real_rename(const char* from, const char* to);
int __real_unlink(const char* path);

int __wrap_open(const char* path, int flags, ...) {
  std::va_list rest;
  va_start(rest, flags);
  const auto mode = static_cast<mode_t>(va_arg(rest, int));
  va_end(rest);
  return Fails() ? -1 : __real_open(path, flags, mode);
}
ssize_t __wrap_write(int file, const void* bytes, std::size_t count) {
  return Fails() ? -1 : __real_write(file, bytes, count);
}
int __wrap_fsync(int file) { return Fails() ? -1 : __real_fsync(file); }
int __wrap_fdatasync(int file) { return Fails() ? -1 : __real_fdatasync(file); }
int __wrap_rename(const char* from, const char* to) {
  return Fails() ? -1 : __real_rename(from, to);
}
int __wrap_unlink(const char* path) {
  return Fails() ? -1 : __real_unlink(path);
}

}  // extern "C"
