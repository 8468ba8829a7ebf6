#include "training/byte_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "features/base/status_macros.h"
#include "isa-l/igzip_lib.h"

namespace tenuto {
namespace {

constexpr std::int64_t kIdentityBytes = 1 << 20;
constexpr absl::string_view kGzipMagic("\x1f\x8b", 2);

absl::Status SystemError(const std::string& path, int error) {
  const std::string text = absl::StrCat(path, ": ", std::strerror(error));
  if (error == ENOENT || error == ENOTDIR) return absl::NotFoundError(text);
  if (error == EACCES) return absl::PermissionDeniedError(text);
  return absl::UnavailableError(text);
}

absl::Status CheckKind(const std::string& path, const struct stat& facts) {
  if (S_ISDIR(facts.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is a directory; give a file"));
  }
  if (!S_ISREG(facts.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is no regular file; write it to a disk first"));
  }
  if (facts.st_size == 0) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is empty"));
  }
  return absl::OkStatus();
}

}  // namespace

struct ByteFile::Inflater {
  explicit Inflater(std::size_t block_bytes) : packed(block_bytes) {
    isal_inflate_init(&state);
    state.crc_flag = ISAL_GZIP;
    state.avail_in = 0;
  }

  void BeginMember() {
    isal_inflate_reset(&state);
    state.crc_flag = ISAL_GZIP;
    member_done = false;
  }

  std::vector<std::uint8_t> packed;
  inflate_state state;
  absl::Status fault;
  bool member_done = false;
  bool at_end = false;
};

ByteFile::ByteFile(std::string path, int descriptor)
    : path_(std::move(path)), descriptor_(descriptor) {}

ByteFile::~ByteFile() { ::close(descriptor_); }

absl::StatusOr<std::unique_ptr<ByteFile>> ByteFile::Open(
    const std::filesystem::path& path, std::size_t block_bytes) {
  // A pipe without a writer must not be waited for: it is refused.
  const int descriptor =
      ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return SystemError(path.string(), errno);
  auto file = absl::WrapUnique(new ByteFile(path.string(), descriptor));
  struct stat facts;
  if (::fstat(descriptor, &facts) != 0) return SystemError(file->path_, errno);
  TENUTO_RETURN_IF_ERROR(CheckKind(file->path_, facts));
  file->file_bytes_ = facts.st_size;
  TENUTO_RETURN_IF_ERROR(file->LookAtHead(block_bytes));
  ::posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL);
  return file;
}

absl::Status ByteFile::LookAtHead(std::size_t block_bytes) {
  std::string head(
      static_cast<std::size_t>(std::min(file_bytes_, kIdentityBytes)), '\0');
  const ssize_t count = ::pread(descriptor_, head.data(), head.size(), 0);
  if (count < 0) return SystemError(path_, errno);
  head.resize(static_cast<std::size_t>(count));
  identity_ = absl::StrCat(
      file_bytes_, "-",
      absl::Hex(XXH3_64bits(head.data(), head.size()), absl::kZeroPad16));
  if (absl::StartsWith(head, kGzipMagic)) {
    inflater_ = std::make_unique<Inflater>(block_bytes);
  } else if (absl::EndsWithIgnoreCase(path_, ".gz")) {
    return absl::InvalidArgumentError(
        absl::StrCat(path_, " is named .gz but holds no gzip data"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::size_t> ByteFile::Read(char* buffer, std::size_t size) {
  if (inflater_ == nullptr) return ReadPacked(buffer, size);
  inflate_state& state = inflater_->state;
  state.next_out = reinterpret_cast<std::uint8_t*>(buffer);
  state.avail_out = static_cast<std::uint32_t>(size);
  while (state.avail_out == size) {
    TENUTO_RETURN_IF_ERROR(inflater_->fault);
    if (state.avail_in == 0 && !inflater_->at_end) {
      TENUTO_RETURN_IF_ERROR(Refill());
    }
    if (inflater_->member_done) {
      if (state.avail_in == 0) return std::size_t{0};
      inflater_->BeginMember();
    }
    const bool starved = state.avail_in == 0;
    if (const int error = isal_inflate(&state); error != ISAL_DECOMP_OK) {
      // What came out before the fault is given first.
      inflater_->fault = Fault(error);
      continue;
    }
    inflater_->member_done = state.block_state == ISAL_BLOCK_FINISH;
    if (starved && !inflater_->member_done && state.avail_out == size) {
      return absl::DataLossError(
          absl::StrCat(path_, " is cut off: its gzip data ends at byte ",
                       read_bytes_.load(), " in the middle of a member"));
    }
  }
  return size - state.avail_out;
}

absl::StatusOr<std::size_t> ByteFile::ReadPacked(char* buffer,
                                                 std::size_t size) {
  ssize_t count;
  do {
    count = ::read(descriptor_, buffer, size);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return SystemError(path_, errno);
  read_bytes_ += count;
  return static_cast<std::size_t>(count);
}

absl::Status ByteFile::Refill() {
  std::vector<std::uint8_t>& packed = inflater_->packed;
  TENUTO_ASSIGN_OR_RETURN(
      const std::size_t count,
      ReadPacked(reinterpret_cast<char*>(packed.data()), packed.size()));
  inflater_->state.next_in = packed.data();
  inflater_->state.avail_in = static_cast<std::uint32_t>(count);
  inflater_->at_end = count == 0;
  return absl::OkStatus();
}

absl::Status ByteFile::Fault(int error) const {
  const char* what = "the packed data is invalid";
  if (error == ISAL_INCORRECT_CHECKSUM) what = "the checksum is wrong";
  if (error == ISAL_INVALID_WRAPPER) what = "no gzip header where one belongs";
  if (error == ISAL_UNSUPPORTED_METHOD) what = "the method is not deflate";
  return absl::DataLossError(
      absl::StrCat(path_, " is damaged near byte ",
                   read_bytes_ - inflater_->state.avail_in, ": ", what));
}

}  // namespace tenuto
