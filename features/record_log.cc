#include "features/record_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "features/base/atomic_file.h"
#include "features/base/log.h"
#include "features/base/status_macros.h"
#include "xxhash.h"

namespace tenuto {
namespace {

constexpr absl::string_view kMagic = "TNTSCR01";
constexpr char kExtension[] = ".scores";
constexpr std::size_t kFrameHeadBytes = 12;
// Far above a row of every feature; larger lengths are damage.
constexpr std::uint32_t kBodyBytesMax = 1 << 20;

void PutLittleEndian(std::uint64_t number, int bytes, std::string& out) {
  for (int k = 0; k < bytes; ++k) {
    out.push_back(static_cast<char>(number >> (8 * k) & 0xff));
  }
}

std::uint64_t GetLittleEndian(absl::string_view bytes) {
  std::uint64_t number = 0;
  for (std::size_t k = bytes.size(); k-- > 0;) {
    number = number << 8 | static_cast<unsigned char>(bytes[k]);
  }
  return number;
}

void PutFrame(const std::string& body, std::string& out) {
  PutLittleEndian(body.size(), 4, out);
  PutLittleEndian(XXH3_64bits(body.data(), body.size()), 8, out);
  out += body;
}

absl::Status SystemError(absl::string_view what,
                         const std::filesystem::path& path, int error) {
  return absl::UnavailableError(absl::StrCat(
      what, " ", path.string(), ": ", std::generic_category().message(error)));
}

// Number and path of every record file, by rising number.
using NumberedFiles =
    std::vector<std::pair<std::int64_t, std::filesystem::path>>;

absl::StatusOr<NumberedFiles> ListFiles(
    const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::directory_iterator entries(directory, error);
  if (error) {
    return absl::NotFoundError(absl::StrCat(
        "no score records at ", directory.string(), ": ", error.message()));
  }
  NumberedFiles files;
  for (const auto& entry : entries) {
    std::int64_t number;
    if (entry.path().extension() == kExtension &&
        absl::SimpleAtoi(entry.path().stem().string(), &number)) {
      files.emplace_back(number, entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
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

  // Durable when OK. After an error the next write begins a new file.
  absl::Status Write(absl::string_view frames) {
    const absl::Status status = TryWrite(frames);
    if (!status.ok() || size_bytes_ >= file_bytes_max_) Close();
    return status;
  }

 private:
  absl::Status TryWrite(absl::string_view frames) {
    if (file_ < 0) TENUTO_RETURN_IF_ERROR(Begin());
    TENUTO_RETURN_IF_ERROR(WriteAll(frames));
    if (::fdatasync(file_) != 0) return SystemError("sync", path_, errno);
    return absl::OkStatus();
  }

  absl::Status Begin() {
    path_ = directory_ / absl::StrFormat("%010d%s", next_, kExtension);
    file_ =
        ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file_ < 0) return SystemError("create", path_, errno);
    ++next_;
    size_bytes_ = 0;
    TENUTO_RETURN_IF_ERROR(WriteAll(kMagic));
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

  void Close() {
    if (file_ >= 0) ::close(file_);
    file_ = -1;
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
  TENUTO_ASSIGN_OR_RETURN(const NumberedFiles files,
                          ListFiles(options.directory));
  auto writer = std::make_unique<Files>(
      options, files.empty() ? 1 : files.back().first + 1);
  return std::unique_ptr<RecordLog>(
      new RecordLog(std::move(options), std::move(writer)));
}

RecordLog::RecordLog(RecordLogOptions options, std::unique_ptr<Files> files)
    : options_(std::move(options)),
      queue_(static_cast<std::size_t>(options_.queue_max)),
      files_(std::move(files)),
      writer_([this] { WriteUntilClosed(); }) {}

RecordLog::~RecordLog() {
  queue_.Close();
  writer_.join();
}

void RecordLog::Append(const v1::ScoreRecord& record) {
  if (!queue_.TryPush(record.SerializeAsString())) ++lost_;
}

RecordLog::Counts RecordLog::counts() const {
  return {.written = written_, .lost = lost_};
}

void RecordLog::WriteUntilClosed() {
  std::string frames;
  for (;;) {
    const std::deque<std::string> bodies = queue_.PopAll(options_.linger);
    if (bodies.empty()) return;
    frames.clear();
    for (const std::string& body : bodies) PutFrame(body, frames);
    const absl::Status status = files_->Write(frames);
    const auto count = static_cast<std::int64_t>(bodies.size());
    if (status.ok()) {
      written_ += count;
    } else {
      lost_ += count;
      LogWarning(
          absl::StrCat(count, " score records lost: ", status.message()));
    }
  }
}

namespace {

bool IsZeros(absl::string_view bytes) {
  return bytes.find_first_not_of('\0') == absl::string_view::npos;
}

// What a power failure leaves at the end of a file that was being written: a
// frame cut off, or blocks that were allocated but never filled.
bool IsTornTail(absl::string_view rest) {
  if (rest.size() < kFrameHeadBytes || IsZeros(rest)) return true;
  const std::uint64_t length = GetLittleEndian(rest.substr(0, 4));
  if (length == 0 || length > kBodyBytesMax) return false;
  return kFrameHeadBytes + length >= rest.size();
}

// The frame's body, or nothing when it is cut off or fails its checksum.
absl::string_view TakeBody(absl::string_view& rest) {
  if (rest.size() < kFrameHeadBytes) return {};
  const std::uint64_t length = GetLittleEndian(rest.substr(0, 4));
  if (length == 0 || length > rest.size() - kFrameHeadBytes) return {};
  const absl::string_view body = rest.substr(kFrameHeadBytes, length);
  if (XXH3_64bits(body.data(), body.size()) !=
      GetLittleEndian(rest.substr(4, 8))) {
    return {};
  }
  rest.remove_prefix(kFrameHeadBytes + body.size());
  return body;
}

// False: `visit` wants no more.
absl::StatusOr<bool> ReadRecords(
    const std::filesystem::path& path,
    absl::FunctionRef<bool(const v1::ScoreRecord&)> visit) {
  TENUTO_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path));
  absl::string_view rest = bytes;
  if (rest.size() < kMagic.size()) return true;
  if (rest.substr(0, kMagic.size()) != kMagic) {
    return absl::DataLossError(
        absl::StrCat(path.string(), " is no file of score records"));
  }
  rest.remove_prefix(kMagic.size());
  v1::ScoreRecord record;
  while (!rest.empty()) {
    const absl::string_view body = TakeBody(rest);
    if (body.empty() && IsTornTail(rest)) return true;
    if (body.empty() ||
        !record.ParseFromArray(body.data(), static_cast<int>(body.size()))) {
      return absl::DataLossError(absl::StrCat(
          path.string(), " is damaged at byte ", bytes.size() - rest.size()));
    }
    if (!visit(record)) return false;
  }
  return true;
}

}  // namespace

absl::Status ReadScoreRecords(
    const std::filesystem::path& directory,
    absl::FunctionRef<bool(const v1::ScoreRecord&)> visit) {
  TENUTO_ASSIGN_OR_RETURN(const NumberedFiles files, ListFiles(directory));
  for (const auto& [number, path] : files) {
    TENUTO_ASSIGN_OR_RETURN(const bool wants_more, ReadRecords(path, visit));
    if (!wants_more) break;
  }
  return absl::OkStatus();
}

}  // namespace tenuto
