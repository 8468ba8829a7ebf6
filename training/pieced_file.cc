#include "training/pieced_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "features/base/atomic_file.h"
#include "features/base/log.h"
#include "features/base/status_macros.h"
#include "xxhash.h"

namespace tenuto {
namespace {

absl::Status Append(int fd, absl::string_view bytes,
                    const std::filesystem::path& path) {
  const absl::Status written = WriteAll(fd, bytes, path);
  if (written.ok()) return written;
  return absl::Status(
      written.code(),
      absl::StrCat(written.message(),
                   "; when that is mended, the same command goes on where it "
                   "stopped"));
}

bool ReadAll(int fd, std::int64_t from, std::string& bytes) {
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t count =
        ::pread(fd, bytes.data() + filled, bytes.size() - filled,
                static_cast<off_t>(from) + static_cast<off_t>(filled));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    filled += static_cast<std::size_t>(count);
  }
  return true;
}

std::uint64_t HashOn(std::uint64_t hash, absl::string_view bytes,
                     absl::string_view tally) {
  return XXH3_64bits_withSeed(
      tally.data(), tally.size(),
      XXH3_64bits_withSeed(bytes.data(), bytes.size(), hash));
}

constexpr std::int64_t kPieceBytesMax = std::int64_t{1} << 30;

}  // namespace

PiecedFile::PiecedFile(Options options)
    : options_(std::move(options)),
      partial_(options_.path.string() + ".partial"),
      notes_(options_.path.string() + ".partial.notes") {}

PiecedFile::~PiecedFile() {
  const absl::MutexLock lock(&mutex_);
  if (partial_fd_ >= 0) {
    if (tallies_.empty() && !finished_) {
      ::unlink(partial_.c_str());
      ::unlink(notes_.c_str());
    }
    ::close(partial_fd_);
  }
  if (notes_fd_ >= 0) ::close(notes_fd_);
}

absl::StatusOr<std::unique_ptr<PiecedFile>> PiecedFile::Open(Options options) {
  TENUTO_CHECK(options.identity.find('\n') == std::string::npos,
               "an identity of several lines");
  std::error_code ignored;
  if (std::filesystem::is_directory(options.path, ignored)) {
    return absl::InvalidArgumentError(
        absl::StrCat(options.path.string(), " is a directory"));
  }
  auto file = std::unique_ptr<PiecedFile>(new PiecedFile(std::move(options)));
  TENUTO_RETURN_IF_ERROR(file->Take());
  return file;
}

// The notes are what a run holds: whoever has them locked writes both.
absl::Status PiecedFile::Take() {
  constexpr int kFlags = O_RDWR | O_CREAT | O_CLOEXEC;
  notes_fd_ = ::open(notes_.c_str(), kFlags, 0644);
  if (notes_fd_ < 0) return SystemError("create", notes_);
  struct stat held, named;
  // Another run may have finished, and its notes have gone, meanwhile.
  if (::flock(notes_fd_, LOCK_EX | LOCK_NB) != 0 ||
      ::fstat(notes_fd_, &held) != 0 || ::stat(notes_.c_str(), &named) != 0 ||
      held.st_ino != named.st_ino) {
    return absl::FailedPreconditionError(
        absl::StrCat("another process is writing ", partial_.string(),
                     "; wait for it, or name another output"));
  }
  partial_fd_ = ::open(partial_.c_str(), kFlags, 0644);
  if (partial_fd_ < 0) {
    const absl::Status error = SystemError("create", partial_);
    ::unlink(notes_.c_str());
    return error;
  }
  TENUTO_ASSIGN_OR_RETURN(const std::string notes, ReadFile(notes_));
  return TakeUp(notes);
}

absl::Status PiecedFile::TakeUp(absl::string_view notes) {
  const absl::MutexLock lock(&mutex_);
  hash_ = XXH3_64bits(options_.identity.data(), options_.identity.size());
  const std::size_t end = notes.find('\n');
  const absl::string_view identity =
      notes.substr(0, end == absl::string_view::npos ? 0 : end);
  if (identity != options_.identity) {
    dropped_ = std::string(identity);
    return Begin(0);
  }
  std::size_t kept = end + 1;
  std::string bytes;
  while (found_ < options_.pieces) {
    const std::size_t line_end = notes.find('\n', kept);
    if (line_end == absl::string_view::npos ||
        !TakeUpNote(notes.substr(kept, line_end - kept), bytes)) {
      break;
    }
    kept = line_end + 1;
    ++found_;
  }
  return Begin(static_cast<std::int64_t>(kept));
}

// A note is "bytes hash tally"; false when the file does not bear it out.
bool PiecedFile::TakeUpNote(absl::string_view note, std::string& bytes) {
  const std::vector<absl::string_view> words =
      absl::StrSplit(note, absl::MaxSplits(' ', 2));
  std::int64_t size = 0;
  std::uint64_t hash = 0;
  if (words.size() != 3 || !absl::SimpleAtoi(words[0], &size) || size < 0 ||
      size > kPieceBytesMax || !absl::SimpleAtoi(words[1], &hash)) {
    return false;
  }
  bytes.resize(static_cast<std::size_t>(size));
  if (!ReadAll(partial_fd_, bytes_, bytes) ||
      HashOn(hash_, bytes, words[2]) != hash) {
    return false;
  }
  bytes_ += size;
  hash_ = hash;
  tallies_.emplace_back(words[2]);
  return true;
}

// Cuts both files behind what was taken up.
absl::Status PiecedFile::Begin(std::int64_t notes_bytes) {
  if (::ftruncate(partial_fd_, bytes_) != 0 ||
      ::lseek(partial_fd_, 0, SEEK_END) < 0) {
    return SystemError("cut", partial_);
  }
  if (::ftruncate(notes_fd_, notes_bytes) != 0 ||
      ::lseek(notes_fd_, 0, SEEK_END) < 0) {
    return SystemError("cut", notes_);
  }
  if (notes_bytes > 0) return absl::OkStatus();
  return Append(notes_fd_, absl::StrCat(options_.identity, "\n"), notes_);
}

absl::Status PiecedFile::Add(int piece, std::string bytes, std::string tally) {
  const absl::MutexLock lock(&mutex_);
  const auto may_go = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return failed_ ||
           piece < static_cast<int>(tallies_.size()) + options_.ahead_max;
  };
  mutex_.Await(absl::Condition(&may_go));
  if (failed_) {
    return absl::CancelledError(
        absl::StrCat("a piece of ", options_.path.string(), " failed"));
  }
  ahead_.emplace(piece, Piece{std::move(bytes), std::move(tally)});
  for (auto next = ahead_.begin();
       next != ahead_.end() && next->first == static_cast<int>(tallies_.size());
       next = ahead_.erase(next)) {
    const absl::Status written = Write(next->second);
    if (!written.ok()) {
      failed_ = true;
      return written;
    }
  }
  return absl::OkStatus();
}

// The note comes second, so that what it says is there.
absl::Status PiecedFile::Write(const Piece& piece) {
  TENUTO_RETURN_IF_ERROR(Append(partial_fd_, piece.bytes, partial_));
  hash_ = HashOn(hash_, piece.bytes, piece.tally);
  bytes_ += static_cast<std::int64_t>(piece.bytes.size());
  tallies_.push_back(piece.tally);
  return Append(
      notes_fd_,
      absl::StrCat(piece.bytes.size(), " ", hash_, " ", piece.tally, "\n"),
      notes_);
}

void PiecedFile::Fail() {
  const absl::MutexLock lock(&mutex_);
  failed_ = true;
}

absl::StatusOr<std::vector<std::string>> PiecedFile::Finish() {
  const absl::MutexLock lock(&mutex_);
  TENUTO_CHECK(static_cast<int>(tallies_.size()) == options_.pieces,
               "a pieced file lacks pieces");
  if (::fsync(partial_fd_) != 0) return SystemError("sync", partial_);
  if (::rename(partial_.c_str(), options_.path.c_str()) != 0) {
    return SystemError("rename to", options_.path);
  }
  const std::filesystem::path parent = options_.path.parent_path();
  TENUTO_RETURN_IF_ERROR(SyncDirectory(parent.empty() ? "." : parent));
  ::unlink(notes_.c_str());
  finished_ = true;
  return std::move(tallies_);
}

}  // namespace tenuto
