#include "features/rocks_logger.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "features/base/clock.h"

namespace tenuto {
namespace {

constexpr std::size_t kLineBytesMax = 4096;

}  // namespace

rocksdb::IOStatus RocksLogger::Open(const std::string& path,
                                    std::shared_ptr<rocksdb::Logger>* logger) {
  const int file =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) return rocksdb::IOStatus::IOError(path, std::strerror(errno));
  logger->reset(new RocksLogger(file));
  return rocksdb::IOStatus::OK();
}

RocksLogger::~RocksLogger() { ::close(file_); }

void RocksLogger::Logv(const char* format, std::va_list arguments) {
  std::array<char, kLineBytesMax> text;
  const int length =
      std::vsnprintf(text.data(), text.size(), format, arguments);
  if (length < 0) return;
  const std::string line = absl::StrCat(
      absl::FormatTime(Clock::Real().Now(), absl::UTCTimeZone()), " ",
      absl::string_view(text.data(), std::min(static_cast<std::size_t>(length),
                                              text.size() - 1)),
      "\n");
  // One write, so that lines of threads do not mix. Without room it is lost.
  [[maybe_unused]] const ssize_t written =
      ::write(file_, line.data(), line.size());
}

}  // namespace tenuto
