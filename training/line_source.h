// The lines of a text file, plain or gzip, at the speed of the inflater and in
// bounded memory whatever the file holds. Lines are followed by readable bytes,
// because simdjson reads past the end of what it parses.
// Not thread-safe.
#ifndef TENUTO_TRAINING_LINE_SOURCE_H_
#define TENUTO_TRAINING_LINE_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "training/byte_file.h"
#include "training/read_ahead.h"

namespace tenuto {

// Longer lines are given as `too_long`, without their text.
inline constexpr std::size_t kLineBytesMax = std::size_t{1} << 20;
// Readable bytes behind every line: simdjson's demand.
inline constexpr std::size_t kLinePadding = 64;

struct Line {
  absl::string_view text;      // Without its end (\n or \r\n).
  std::int64_t number = 0;     // From 1.
  std::int64_t end_bytes = 0;  // Unpacked bytes up to and with this line.
  bool too_long = false;
};

class LineSource {
 public:
  // Errors of ByteFile::Open, and kInvalidArgument for a file without content.
  // `block_bytes` is for tests.
  static absl::StatusOr<std::unique_ptr<LineSource>> Open(
      const std::filesystem::path& path,
      std::size_t block_bytes = std::size_t{256} << 10);
  LineSource(const LineSource&) = delete;
  LineSource& operator=(const LineSource&) = delete;

  // False at the end. `line` lives until the next call. kDataLoss of
  // ByteFile::Read, for ever; a piece of a line before it is not given.
  absl::StatusOr<bool> Next(Line& line);

  // Goes on behind line `number`, which ended at `end_bytes`, as a Line said in
  // an earlier run. Before the first Next() only.
  absl::Status SkipTo(std::int64_t number, std::int64_t end_bytes);

  // From now on a thread of its own reads and inflates, ahead of Next().
  void ReadOnThread();

  // Of the last line given or skipped.
  std::int64_t line_number() const { return number_; }
  std::int64_t line_end_bytes() const { return begin_bytes_; }

  const ByteFile& file() const { return *file_; }

 private:
  LineSource(std::unique_ptr<ByteFile> file, std::size_t block_bytes);
  absl::Status Fill();
  bool TakeLine(Line& line);

  const std::unique_ptr<ByteFile> file_;
  std::unique_ptr<ReadAhead> ahead_;  // Null: not asked for.
  const std::size_t block_bytes_;

  std::vector<char> buffer_;
  std::size_t begin_ = 0;    // Of what has not been given.
  std::size_t scanned_ = 0;  // No line end in [begin_, scanned_).
  std::size_t end_ = 0;
  std::int64_t begin_bytes_ = 0;  // Unpacked bytes before begin_.
  std::int64_t number_ = 0;
  bool in_long_line_ = false;
  bool at_end_ = false;
  absl::Status fault_;
};

}  // namespace tenuto

#endif  // TENUTO_TRAINING_LINE_SOURCE_H_
