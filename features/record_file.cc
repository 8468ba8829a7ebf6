#include "features/record_file.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "features/base/atomic_file.h"
#include "features/base/status_macros.h"
#include "xxhash.h"

namespace tenuto {
namespace {

constexpr char kExtension[] = ".scores";
constexpr std::size_t kFrameHeadBytes = 12;
// Far above a row of every feature; larger lengths are damage.
constexpr std::uint32_t kBodyBytesMax = 1 << 20;

void PutLittleEndian(std::uint64_t number, int bytes, char* out) {
  for (int k = 0; k < bytes; ++k) {
    out[k] = static_cast<char>(number >> (8 * k) & 0xff);
  }
}

std::uint64_t GetLittleEndian(absl::string_view bytes) {
  std::uint64_t number = 0;
  for (std::size_t k = bytes.size(); k-- > 0;) {
    number = number << 8 | static_cast<unsigned char>(bytes[k]);
  }
  return number;
}

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

}  // namespace

void AppendRecordFrame(const v1::ScoreRecord& record, std::string& out) {
  const std::size_t begin = out.size();
  out.append(kFrameHeadBytes, '\0');
  record.AppendToString(&out);
  const absl::string_view body =
      absl::string_view(out).substr(begin + kFrameHeadBytes);
  PutLittleEndian(body.size(), 4, &out[begin]);
  PutLittleEndian(XXH3_64bits(body.data(), body.size()), 8, &out[begin + 4]);
}

std::size_t RecordFrameSize(absl::string_view frames) {
  return kFrameHeadBytes + GetLittleEndian(frames.substr(0, 4));
}

std::string KeepRecordFrames(
    absl::string_view frames,
    absl::FunctionRef<bool(const v1::ScoreRecord&)> wants) {
  std::string kept;
  v1::ScoreRecord record;
  while (!frames.empty()) {
    const absl::string_view frame = frames.substr(0, RecordFrameSize(frames));
    const absl::string_view body = frame.substr(kFrameHeadBytes);
    if (!record.ParseFromArray(body.data(), static_cast<int>(body.size())) ||
        wants(record)) {
      kept.append(frame.data(), frame.size());
    }
    frames.remove_prefix(frame.size());
  }
  return kept;
}

absl::StatusOr<RecordFiles> ListRecordFiles(
    const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::directory_iterator entries(directory, error);
  if (error) {
    return absl::NotFoundError(absl::StrCat(
        "no score records at ", directory.string(), ": ", error.message()));
  }
  RecordFiles files;
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

absl::StatusOr<bool> ReadRecordFile(
    const std::filesystem::path& path,
    absl::FunctionRef<bool(const v1::ScoreRecord&)> visit) {
  TENUTO_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path));
  absl::string_view rest = bytes;
  if (rest.size() < kRecordFileMagic.size()) return true;
  if (rest.substr(0, kRecordFileMagic.size()) != kRecordFileMagic) {
    return absl::DataLossError(
        absl::StrCat(path.string(), " is no file of score records"));
  }
  rest.remove_prefix(kRecordFileMagic.size());
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

}  // namespace tenuto
