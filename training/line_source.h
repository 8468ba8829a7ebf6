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
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

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

// Unpacked bytes of a file, block after block.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // Fills `buffer` and says how much of it; 0 at the end. kDataLoss naming the
  // file and its byte where packed bytes are cut off or wrong; what came
  // before has been given.
  virtual absl::StatusOr<std::size_t> Read(char* buffer, std::size_t size) = 0;
};

class LineSource {
 public:
  // Gzip is told by its first bytes. kNotFound, kPermissionDenied, or
  // kInvalidArgument for a directory, an empty file, a pipe, a name that ends
  // in .gz without being gzip. `block_bytes` is for tests.
  static absl::StatusOr<std::unique_ptr<LineSource>> Open(
      const std::filesystem::path& path,
      std::size_t block_bytes = std::size_t{256} << 10);
  ~LineSource();
  LineSource(const LineSource&) = delete;
  LineSource& operator=(const LineSource&) = delete;

  // False at the end. `line` lives until the next call. kDataLoss as above, for
  // ever; the piece of a line before the fault is not given.
  absl::StatusOr<bool> Next(Line& line);

  // Goes on behind line `number`, which ended at `end_bytes`, as a Line said in
  // an earlier run. Before the first Next() only.
  absl::Status SkipTo(std::int64_t number, std::int64_t end_bytes);

  // Of the last line given or skipped.
  std::int64_t line_number() const { return number_; }
  std::int64_t line_end_bytes() const { return begin_bytes_; }

  // Size and a hash of the first MiB: the same file wherever it lies.
  const std::string& identity() const { return identity_; }
  std::int64_t file_bytes() const { return file_bytes_; }
  // Of file_bytes(), read so far.
  std::int64_t read_bytes() const;

 private:
  class PlainFile;
  class GzipStream;

  LineSource(std::unique_ptr<PlainFile> file, std::size_t block_bytes);
  absl::Status Fill();
  bool TakeLine(Line& line);

  std::unique_ptr<PlainFile> file_;
  std::unique_ptr<GzipStream> gzip_;  // Null for a plain file.
  ByteStream* bytes_ = nullptr;       // One of the two.
  std::string identity_;
  std::int64_t file_bytes_ = 0;
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
