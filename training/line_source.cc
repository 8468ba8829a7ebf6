#include "training/line_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"
#include "isa-l/igzip_lib.h"

namespace tenuto {
namespace {

constexpr std::size_t kIdentityBytes = std::size_t{1} << 20;
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

class LineSource::PlainFile : public ByteStream {
 public:
  static absl::StatusOr<std::unique_ptr<PlainFile>> Open(std::string path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return SystemError(path, errno);
    auto file = absl::WrapUnique(new PlainFile(std::move(path), descriptor));
    struct stat facts;
    if (::fstat(descriptor, &facts) != 0) {
      return SystemError(file->path_, errno);
    }
    TENUTO_RETURN_IF_ERROR(CheckKind(file->path_, facts));
    file->size_bytes_ = facts.st_size;
    ::posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL);
    return file;
  }
  ~PlainFile() override { ::close(descriptor_); }

  absl::StatusOr<std::size_t> Read(char* buffer, std::size_t size) override {
    ssize_t count;
    do {
      count = ::read(descriptor_, buffer, size);
    } while (count < 0 && errno == EINTR);
    if (count < 0) return SystemError(path_, errno);
    read_bytes_ += count;
    return static_cast<std::size_t>(count);
  }

  // The first bytes, without moving the place of Read().
  absl::StatusOr<std::string> Head(std::size_t size) const {
    std::string head(size, '\0');
    const ssize_t count = ::pread(descriptor_, head.data(), head.size(), 0);
    if (count < 0) return SystemError(path_, errno);
    head.resize(static_cast<std::size_t>(count));
    return head;
  }

  const std::string& path() const { return path_; }
  std::int64_t size_bytes() const { return size_bytes_; }
  std::int64_t read_bytes() const { return read_bytes_; }

 private:
  PlainFile(std::string path, int descriptor)
      : path_(std::move(path)), descriptor_(descriptor) {}

  const std::string path_;
  const int descriptor_;
  std::int64_t size_bytes_ = 0;
  std::int64_t read_bytes_ = 0;
};

// All members of a gzip file, each checked against its sum.
class LineSource::GzipStream : public ByteStream {
 public:
  GzipStream(PlainFile& file, std::size_t block_bytes)
      : file_(file), packed_(block_bytes) {
    isal_inflate_init(&state_);
    state_.crc_flag = ISAL_GZIP;
    state_.avail_in = 0;
  }

  absl::StatusOr<std::size_t> Read(char* buffer, std::size_t size) override {
    state_.next_out = reinterpret_cast<std::uint8_t*>(buffer);
    state_.avail_out = static_cast<std::uint32_t>(size);
    while (state_.avail_out == size) {
      TENUTO_RETURN_IF_ERROR(fault_);
      if (state_.avail_in == 0 && !at_end_) TENUTO_RETURN_IF_ERROR(Refill());
      if (member_done_) {
        if (state_.avail_in == 0) return std::size_t{0};
        isal_inflate_reset(&state_);
        state_.crc_flag = ISAL_GZIP;
        member_done_ = false;
      }
      const std::uint32_t packed_before = state_.avail_in;
      if (const int error = isal_inflate(&state_); error != ISAL_DECOMP_OK) {
        // What came out before the fault is given first.
        fault_ = Fault(error);
        continue;
      }
      member_done_ = state_.block_state == ISAL_BLOCK_FINISH;
      if (!member_done_ && at_end_ && packed_before == 0 &&
          state_.avail_out == size) {
        return absl::DataLossError(absl::StrCat(
            file_.path(), " is cut off: its gzip data ends at byte ",
            file_.read_bytes(), " in the middle of a member"));
      }
    }
    return size - state_.avail_out;
  }

 private:
  absl::Status Refill() {
    TENUTO_ASSIGN_OR_RETURN(
        const std::size_t count,
        file_.Read(reinterpret_cast<char*>(packed_.data()), packed_.size()));
    state_.next_in = packed_.data();
    state_.avail_in = static_cast<std::uint32_t>(count);
    at_end_ = count == 0;
    return absl::OkStatus();
  }

  absl::Status Fault(int error) const {
    const char* what = "the packed data is invalid";
    if (error == ISAL_INCORRECT_CHECKSUM) what = "the checksum is wrong";
    if (error == ISAL_INVALID_WRAPPER)
      what = "no gzip header where one belongs";
    if (error == ISAL_UNSUPPORTED_METHOD) what = "the method is not deflate";
    return absl::DataLossError(
        absl::StrCat(file_.path(), " is damaged near byte ",
                     file_.read_bytes() - state_.avail_in, ": ", what));
  }

  PlainFile& file_;
  std::vector<std::uint8_t> packed_;
  inflate_state state_;
  absl::Status fault_;
  bool member_done_ = false;
  bool at_end_ = false;
};

LineSource::LineSource(std::unique_ptr<PlainFile> file, std::size_t block_bytes)
    : file_(std::move(file)),
      file_bytes_(file_->size_bytes()),
      block_bytes_(block_bytes),
      buffer_(kLineBytesMax + block_bytes + kLinePadding) {}

LineSource::~LineSource() = default;

absl::StatusOr<std::unique_ptr<LineSource>> LineSource::Open(
    const std::filesystem::path& path, std::size_t block_bytes) {
  TENUTO_ASSIGN_OR_RETURN(std::unique_ptr<PlainFile> file,
                          PlainFile::Open(path.string()));
  TENUTO_ASSIGN_OR_RETURN(const std::string head, file->Head(kIdentityBytes));
  auto source = absl::WrapUnique(new LineSource(std::move(file), block_bytes));
  source->identity_ = absl::StrCat(
      source->file_bytes_, "-",
      absl::Hex(XXH3_64bits(head.data(), head.size()), absl::kZeroPad16));
  if (absl::StartsWith(head, kGzipMagic)) {
    source->gzip_ =
        std::make_unique<GzipStream>(*source->file_, source->block_bytes_);
    source->bytes_ = source->gzip_.get();
  } else if (absl::EndsWithIgnoreCase(path.string(), ".gz")) {
    return absl::InvalidArgumentError(
        absl::StrCat(path.string(), " is named .gz but holds no gzip data"));
  } else {
    source->bytes_ = source->file_.get();
  }
  // The first block now, so that a file without any content is refused before
  // its reader has made anything.
  TENUTO_RETURN_IF_ERROR(source->Fill());
  if (source->end_ == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(path.string(), " holds no line"));
  }
  return source;
}

absl::StatusOr<bool> LineSource::Next(Line& line) {
  while (!TakeLine(line)) {
    if (!fault_.ok()) return fault_;
    if (at_end_) {
      if (begin_ == end_ && !in_long_line_) return false;
      // The last line, which nothing ends.
      buffer_[end_] = '\n';
      ++end_;
      const bool taken = TakeLine(line);
      --line.end_bytes;
      return taken;
    }
    fault_ = Fill();
  }
  return true;
}

absl::Status LineSource::SkipTo(std::int64_t number, std::int64_t end_bytes) {
  std::int64_t left = end_bytes;
  while (true) {
    const auto step = static_cast<std::size_t>(
        std::min(left, static_cast<std::int64_t>(end_ - begin_)));
    begin_ += step;
    left -= static_cast<std::int64_t>(step);
    if (left == 0) break;
    if (at_end_) {
      return absl::DataLossError(absl::StrCat(
          file_->path(), " ends before byte ", end_bytes,
          ", where an earlier import stopped; import it with --restart"));
    }
    TENUTO_RETURN_IF_ERROR(Fill());
  }
  scanned_ = begin_;
  begin_bytes_ = end_bytes;
  number_ = number;
  return absl::OkStatus();
}

std::int64_t LineSource::read_bytes() const { return file_->read_bytes(); }

// Moves what is left to the front and appends a block.
absl::Status LineSource::Fill() {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  scanned_ -= std::min(scanned_, begin_);
  end_ -= begin_;
  begin_ = 0;
  const std::size_t room = buffer_.size() - kLinePadding - end_;
  TENUTO_ASSIGN_OR_RETURN(
      const std::size_t count,
      bytes_->Read(buffer_.data() + end_, std::min(room, block_bytes_)));
  end_ += count;
  at_end_ = count == 0;
  return absl::OkStatus();
}

// False when the buffer holds no whole line.
bool LineSource::TakeLine(Line& line) {
  const char* const text = buffer_.data();
  const void* const found = std::memchr(text + scanned_, '\n', end_ - scanned_);
  if (found == nullptr) {
    scanned_ = end_;
    // A line as long as this is only looked through for its end.
    if (in_long_line_ || end_ - begin_ > kLineBytesMax) {
      in_long_line_ = true;
      begin_bytes_ += static_cast<std::int64_t>(end_ - begin_);
      begin_ = end_;
    }
    return false;
  }
  const auto stop =
      static_cast<std::size_t>(static_cast<const char*>(found) - text);
  line.text = absl::string_view(text + begin_, stop - begin_);
  if (absl::EndsWith(line.text, "\r")) line.text.remove_suffix(1);
  line.too_long = in_long_line_ || line.text.size() > kLineBytesMax;
  if (line.too_long) line.text = absl::string_view();
  begin_bytes_ += static_cast<std::int64_t>(stop + 1 - begin_);
  begin_ = scanned_ = stop + 1;
  in_long_line_ = false;
  line.number = ++number_;
  line.end_bytes = begin_bytes_;
  return true;
}

}  // namespace tenuto
