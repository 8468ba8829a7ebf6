#include "features/log_file_check.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "features/base/atomic_file.h"
#include "features/base/status_macros.h"

namespace tenuto {
namespace {

// A frame: checksum (4 bytes), length (2), type (1), so many bytes. None
// crosses a block; what does not fit a header is left empty.
constexpr std::uint64_t kBlock = 32768;
constexpr std::uint64_t kHeader = 7;
enum FrameType : unsigned { kNone, kFull, kFirst, kMiddle, kLast };

enum class Frame { kWhole, kFiller, kPastEnd, kWrong };

struct FrameAt {
  Frame frame = Frame::kWrong;
  unsigned type = kNone;
  std::uint64_t end = 0;
  const char* what = "";
};

std::array<std::uint32_t, 256> MakeCrcTable() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t k = 0; k < 256; ++k) {
    std::uint32_t crc = k;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0u);
    }
    table[k] = crc;
  }
  return table;
}

// CRC-32C, rotated and shifted as in the files.
std::uint32_t MaskedCrc(absl::string_view bytes) {
  static const std::array<std::uint32_t, 256> table = MakeCrcTable();
  std::uint32_t crc = ~0u;
  for (const char byte : bytes) {
    crc = table[(crc ^ static_cast<unsigned char>(byte)) & 255] ^ (crc >> 8);
  }
  crc = ~crc;
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

std::uint32_t Number(absl::string_view bytes, std::uint64_t at, int size) {
  std::uint32_t value = 0;
  for (int k = size; k-- > 0;) {
    value = value << 8 |
            static_cast<unsigned char>(bytes[at + static_cast<unsigned>(k)]);
  }
  return value;
}

bool ChecksumFits(absl::string_view bytes, std::uint64_t at,
                  std::uint64_t end) {
  return MaskedCrc(bytes.substr(at + 6, end - at - 6)) == Number(bytes, at, 4);
}

FrameAt ReadFrame(absl::string_view bytes, std::uint64_t at, CheckDepth depth) {
  const std::uint64_t block_end = at - at % kBlock + kBlock;
  if (block_end - at < kHeader) {
    return {Frame::kFiller, kNone,
            std::min<std::uint64_t>(block_end, bytes.size())};
  }
  if (at + kHeader > bytes.size()) return {Frame::kPastEnd};
  const std::uint64_t end = at + kHeader + Number(bytes, at + 4, 2);
  const unsigned type = Number(bytes, at + 6, 1);
  if (type == kNone || type > kLast) {
    return {Frame::kWrong, type, 0, "has an unknown type"};
  }
  if (end > block_end) return {Frame::kWrong, type, 0, "has a wrong length"};
  if (end > bytes.size()) return {Frame::kPastEnd, type};
  if (depth == CheckDepth::kChecksums && !ChecksumFits(bytes, at, end)) {
    return {Frame::kWrong, type, 0, "does not match its checksum"};
  }
  return {Frame::kWhole, type, end};
}

bool BeginsRecord(absl::string_view bytes, std::uint64_t at) {
  const FrameAt frame = ReadFrame(bytes, at, CheckDepth::kFrames);
  return frame.frame == Frame::kWhole &&
         (frame.type == kFull || frame.type == kFirst) &&
         ChecksumFits(bytes, at, frame.end);
}

// Whether a record begins behind the bad frame at `bad`: anywhere in its block,
// as its length may be what is wrong, and by the frames of the blocks after it.
bool AnotherFollows(absl::string_view bytes, std::uint64_t bad) {
  std::uint64_t block = bad - bad % kBlock + kBlock;
  for (std::uint64_t at = bad + 1;
       at < std::min<std::uint64_t>(block, bytes.size()); ++at) {
    if (BeginsRecord(bytes, at)) return true;
  }
  for (; block < bytes.size(); block += kBlock) {
    std::uint64_t at = block;
    while (at < std::min<std::uint64_t>(block + kBlock, bytes.size())) {
      if (BeginsRecord(bytes, at)) return true;
      const FrameAt frame = ReadFrame(bytes, at, CheckDepth::kFrames);
      if (frame.frame != Frame::kWhole) break;
      at = frame.end;
    }
  }
  return false;
}

// Space taken beforehand and never written.
bool IsAllZero(absl::string_view bytes) {
  return bytes.find_first_not_of('\0') == absl::string_view::npos;
}

// `check` for a file whose frame at `bad` cannot be used.
LogFileCheck EndAt(absl::string_view bytes, std::uint64_t bad,
                   const FrameAt& frame, LogFileCheck check) {
  const bool more = AnotherFollows(bytes, bad);
  check.what = frame.what;
  if (frame.frame == Frame::kPastEnd && !more) {
    // Were it all there, its length would be what is damaged.
    const bool whole =
        bytes.size() > bad + kHeader && ChecksumFits(bytes, bad, bytes.size());
    check.end = whole ? LogEnd::kDamagedLast : LogEnd::kTorn;
    check.what = whole ? "has a wrong length" : "stops at the end of the file";
    return check;
  }
  if (frame.frame == Frame::kPastEnd) check.what = "has a wrong length";
  check.end = more ? LogEnd::kDamaged : LogEnd::kDamagedLast;
  return check;
}

absl::Status CannotRead(const std::filesystem::path& file) {
  const bool gone = errno == ENOENT;
  const std::string text =
      absl::StrCat("cannot read ", file.string(), ": ", std::strerror(errno));
  return gone ? absl::NotFoundError(text) : absl::UnavailableError(text);
}

}  // namespace

LogFileCheck CheckLogBytes(absl::string_view bytes, CheckDepth depth) {
  LogFileCheck check;
  bool open = false;  // Between a record's first frame and its last.
  std::uint64_t at = 0;
  while (at < bytes.size()) {
    if (!open) check.offset = at;
    FrameAt frame = ReadFrame(bytes, at, depth);
    if (frame.frame == Frame::kFiller) {
      at = frame.end;
      continue;
    }
    if (frame.type == kNone && IsAllZero(bytes.substr(at))) break;
    const bool begins = frame.type == kFull || frame.type == kFirst;
    if (frame.frame == Frame::kWhole && begins == open) {
      frame = {Frame::kWrong, frame.type, 0, "lacks its beginning or its end"};
    }
    if (frame.frame != Frame::kWhole) return EndAt(bytes, at, frame, check);
    open = frame.type == kFirst || frame.type == kMiddle;
    if (!open) ++check.records;
    at = frame.end;
  }
  if (open) {
    check.end = LogEnd::kTorn;
    check.what = "stops at the end of the file";
  } else {
    check.offset = at;
  }
  return check;
}

absl::StatusOr<LogFileCheck> CheckLogFile(const std::filesystem::path& file,
                                          CheckDepth depth) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return CannotRead(file);
  const auto close = absl::MakeCleanup([fd] { ::close(fd); });
  struct stat facts = {};
  if (::fstat(fd, &facts) != 0) return CannotRead(file);
  const auto size = static_cast<std::size_t>(facts.st_size);
  if (size == 0) return LogFileCheck();
  void* const bytes = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (bytes == MAP_FAILED) return CannotRead(file);
  const auto unmap = absl::MakeCleanup([=] { ::munmap(bytes, size); });
  return CheckLogBytes({static_cast<const char*>(bytes), size}, depth);
}

std::vector<std::filesystem::path> LogFilesOf(
    const std::filesystem::path& database) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (std::filesystem::directory_iterator it(database, error), end;
       !error && it != end; it.increment(error)) {
    if (it->path().extension() == ".log") files.push_back(it->path());
  }
  // Their numbers have six digits at least.
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) {
    const std::string x = a.filename().string();
    const std::string y = b.filename().string();
    return x.size() != y.size() ? x.size() < y.size() : x < y;
  });
  return files;
}

std::filesystem::path ManifestOf(const std::filesystem::path& database) {
  const auto current = ReadFile(database / "CURRENT", 1024);
  if (!current.ok()) return {};
  const absl::string_view name = absl::StripSuffix(*current, "\n");
  std::error_code error;
  const std::filesystem::path file =
      database / std::string(name.data(), name.size());
  return std::filesystem::is_regular_file(file, error)
             ? file
             : std::filesystem::path();
}

absl::StatusOr<int> CountTornTails(const std::filesystem::path& database,
                                   CheckDepth depth) {
  int torn = 0;
  std::vector<std::filesystem::path> files = LogFilesOf(database);
  const std::size_t logs = files.size();
  if (const auto manifest = ManifestOf(database); !manifest.empty()) {
    files.push_back(manifest);
  }
  for (std::size_t k = 0; k < files.size(); ++k) {
    const absl::StatusOr<LogFileCheck> check = CheckLogFile(files[k], depth);
    if (absl::IsNotFound(check.status())) continue;
    TENUTO_RETURN_IF_ERROR(check.status());
    if (check->end == LogEnd::kTorn && k < logs) ++torn;
    if (check->end != LogEnd::kDamagedLast && check->end != LogEnd::kDamaged) {
      continue;
    }
    return absl::DataLossError(absl::StrCat(files[k].string(), ", offset ",
                                            check->offset, ": the record ",
                                            check->what));
  }
  return torn;
}

}  // namespace tenuto
