#include "training/line_source.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"

namespace tenuto {

LineSource::LineSource(std::unique_ptr<ByteFile> file, std::size_t block_bytes)
    : file_(std::move(file)),
      block_bytes_(block_bytes),
      buffer_(kLineBytesMax + block_bytes + kLinePadding) {}

absl::StatusOr<std::unique_ptr<LineSource>> LineSource::Open(
    const std::filesystem::path& path, std::size_t block_bytes) {
  TENUTO_ASSIGN_OR_RETURN(std::unique_ptr<ByteFile> file,
                          ByteFile::Open(path, block_bytes));
  auto source = absl::WrapUnique(new LineSource(std::move(file), block_bytes));
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

void LineSource::ReadOnThread() {
  if (ahead_ != nullptr) return;
  ahead_ = std::make_unique<ReadAhead>(*file_, block_bytes_);
}

// Moves what is left to the front and appends a block.
absl::Status LineSource::Fill() {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  scanned_ -= std::min(scanned_, begin_);
  end_ -= begin_;
  begin_ = 0;
  const std::size_t room = buffer_.size() - kLinePadding - end_;
  char* const to = buffer_.data() + end_;
  const std::size_t wanted = std::min(room, block_bytes_);
  TENUTO_ASSIGN_OR_RETURN(
      const std::size_t count,
      ahead_ != nullptr ? ahead_->Read(to, wanted) : file_->Read(to, wanted));
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
