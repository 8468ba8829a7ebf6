#include "features/record_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "features/base/atomic_file.h"
#include "features/base/crash_point.h"
#include "features/base/log.h"
#include "features/base/status_macros.h"
#include "features/record_erasure.h"
#include "features/record_file.h"

namespace tenuto {
namespace {

constexpr std::size_t kKeptBytesMax = 4 << 20;
// In which records are written between two syncs.
constexpr int kPieces = 25;

absl::Status SystemError(absl::string_view what,
                         const std::filesystem::path& path, int error) {
  return absl::UnavailableError(absl::StrCat(
      what, " ", path.string(), ": ", std::generic_category().message(error)));
}

}  // namespace

// The file being written; opened when there is something to write.
class RecordLog::Files {
 public:
  Files(const RecordLogOptions& options, std::int64_t next)
      : directory_(options.directory),
        file_bytes_max_(options.file_bytes_max),
        next_(next) {}
  ~Files() { Close(); }

  // In the file when OK, durable with the next Sync().
  absl::Status Write(absl::string_view frames) {
    if (file_ < 0) TENUTO_RETURN_IF_ERROR(Begin());
    return WriteAll(frames);
  }

  absl::Status Sync() {
    if (::fdatasync(file_) != 0) return SystemError("sync", path_, errno);
    return absl::OkStatus();
  }

  bool is_full() const { return size_bytes_ >= file_bytes_max_; }

  void Close() {
    if (file_ >= 0) ::close(file_);
    file_ = -1;
  }
  // Number of the next file to begin.
  std::int64_t next() const { return next_; }

 private:
  absl::Status Begin() {
    path_ = directory_ / absl::StrFormat("%010d.scores", next_);
    file_ =
        ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file_ < 0) return SystemError("create", path_, errno);
    TENUTO_CRASH_POINT("records.new_file");
    ++next_;
    size_bytes_ = 0;
    TENUTO_RETURN_IF_ERROR(WriteAll(kRecordFileMagic));
    return SyncDirectory();
  }

  // Without it the name of a new file may not survive a power failure.
  absl::Status SyncDirectory() const {
    const int directory = ::open(directory_.c_str(), O_RDONLY | O_CLOEXEC);
    if (directory < 0) return SystemError("open", directory_, errno);
    const int result = ::fsync(directory);
    const int error = errno;
    ::close(directory);
    if (result != 0) return SystemError("sync", directory_, error);
    return absl::OkStatus();
  }

  absl::Status WriteAll(absl::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(file_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return SystemError("write", path_, errno);
      bytes.remove_prefix(static_cast<std::size_t>(written));
      size_bytes_ += written;
    }
    return absl::OkStatus();
  }

  const std::filesystem::path directory_;
  const std::int64_t file_bytes_max_;
  std::int64_t next_;
  std::filesystem::path path_;
  int file_ = -1;
  std::int64_t size_bytes_ = 0;
};

absl::StatusOr<std::unique_ptr<RecordLog>> RecordLog::Open(
    RecordLogOptions options) {
  TENUTO_RETURN_IF_ERROR(MakePrivateDirectory(options.directory));
  TENUTO_ASSIGN_OR_RETURN(const RecordFiles files,
                          ListRecordFiles(options.directory));
  auto writer = std::make_unique<Files>(
      options, files.empty() ? 1 : files.back().first + 1);
  return std::unique_ptr<RecordLog>(
      new RecordLog(std::move(options), std::move(writer)));
}

RecordLog::RecordLog(RecordLogOptions options, std::unique_ptr<Files> files)
    : options_(std::move(options)),
      files_(std::move(files)),
      writer_([this] { WriteUntilClosed(); }) {}

RecordLog::~RecordLog() {
  {
    const absl::MutexLock lock(&queue_mutex_);
    closed_ = true;
    changed_.Signal();
  }
  writer_.join();
}

void RecordLog::Append(const v1::ScoreRecord& record) {
  std::string frame;
  AppendRecordFrame(record, frame);
  Append(frame, 1);
}

void RecordLog::Append(absl::string_view frames, std::int64_t count) {
  const absl::MutexLock lock(&queue_mutex_);
  const std::int64_t room = closed_ ? 0 : options_.queue_max - waiting_.count;
  if (count > room) {
    std::size_t size = 0;
    for (std::int64_t k = 0; k < room; ++k) {
      size += RecordFrameSize(frames.substr(size));
    }
    lost_ += count - room;
    frames = frames.substr(0, size);
    count = room;
  }
  const bool was_idle = !IsReady();
  const bool was_half_full = IsHalfFull();
  waiting_.frames.append(frames.data(), frames.size());
  waiting_.count += count;
  if (was_idle || was_half_full != IsHalfFull()) changed_.Signal();
}

bool RecordLog::IsReady() const { return closed_ || waiting_.count > 0; }

bool RecordLog::IsHalfFull() const {
  return closed_ ||
         waiting_.count >= options_.queue_max - options_.queue_max / 2;
}

RecordLog::Counts RecordLog::counts() const {
  return {.written = written_, .lost = lost_};
}

absl::Status RecordLog::Erase(const ErasureList& erased, const UserKeys& keys) {
  std::int64_t end = 0;
  {
    const absl::MutexLock lock(&files_mutex_);
    is_erased_ = [erased, keys](const v1::ScoreRecord& record) {
      return IsErased(erased, keys, record);
    };
    // What comes next goes to a new file, which nobody rewrites.
    Sync();
    files_->Close();
    end = files_->next();
  }
  return EraseScoreRecords(options_.directory, erased, keys, end);
}

bool RecordLog::Take(Waiting& taken, bool waits) {
  taken.count = 0;
  taken.frames.clear();
  // What one burst needed is not kept for ever.
  if (taken.frames.capacity() > kKeptBytesMax) taken.frames.shrink_to_fit();
  const absl::MutexLock lock(&queue_mutex_);
  while (waits && !IsReady()) changed_.Wait(&queue_mutex_);
  // A wake-up without a reason only lengthens the pause.
  while (!IsHalfFull() &&
         !changed_.WaitWithTimeout(&queue_mutex_, options_.linger / kPieces)) {
  }
  std::swap(taken, waiting_);
  return !closed_ || taken.count > 0;
}

void RecordLog::WriteUntilClosed() {
  int pieces = 0;  // Since what was written last was durable.
  for (Waiting taken; Take(taken, pieces == 0);) {
    const absl::MutexLock lock(&files_mutex_);
    Write(taken);
    if (++pieces == kPieces) {
      Sync();
      pieces = 0;
    }
  }
  const absl::MutexLock lock(&files_mutex_);
  Sync();
}

void RecordLog::Write(Waiting& taken) {
  if (is_erased_) {
    const auto wants = [&taken,
                        erased = &is_erased_](const v1::ScoreRecord& record) {
      const bool wanted = !(*erased)(record);
      if (!wanted) --taken.count;
      return wanted;
    };
    taken.frames = KeepRecordFrames(taken.frames, wants);
  }
  if (taken.count == 0) return;
  const absl::Status status = files_->Write(taken.frames);
  if (status.ok()) {
    unsynced_ += taken.count;
    if (!files_->is_full()) return;
  } else {
    Lose(taken.count, status);
  }
  // The next write begins a new file.
  Sync();
  files_->Close();
}

void RecordLog::Sync() {
  if (unsynced_ == 0) return;
  const absl::Status status = files_->Sync();
  if (status.ok()) {
    written_ += unsynced_;
  } else {
    Lose(unsynced_, status);
    files_->Close();
  }
  unsynced_ = 0;
}

void RecordLog::Lose(std::int64_t count, const absl::Status& status) {
  lost_ += count;
  LogWarning(absl::StrCat(count, " score records lost: ", status.message()));
}

absl::Status ReadScoreRecords(
    const std::filesystem::path& directory,
    absl::FunctionRef<bool(const v1::ScoreRecord&)> visit) {
  TENUTO_ASSIGN_OR_RETURN(const RecordFiles files, ListRecordFiles(directory));
  for (const auto& [number, path] : files) {
    TENUTO_ASSIGN_OR_RETURN(const bool wants_more, ReadRecordFile(path, visit));
    if (!wants_more) break;
  }
  return absl::OkStatus();
}

}  // namespace tenuto
