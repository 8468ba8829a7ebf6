// A table from a CSV file (RFC 4180, plain or gzip), whole in memory as text:
// one buffer and offsets, because a string object a cell costs ten times the
// cell. Quoted commas, quotes and line breaks, CRLF and a byte order mark are
// understood; everything else that is odd is an error with its line.
#ifndef TENUTO_TRAINING_TABLE_CSV_READER_H_
#define TENUTO_TRAINING_TABLE_CSV_READER_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tenuto {

inline constexpr std::int64_t kTableBytesMax = std::int64_t{4} << 30;

// Thread-safe: immutable after reading.
class CsvTable {
 public:
  // kNotFound, kDataLoss for gzip that is damaged or cut off, kInvalidArgument
  // naming the file and the line: ragged rows, names that are empty or stand
  // twice, bad quotes, no UTF-8, no rows; kResourceExhausted over the limit.
  static absl::StatusOr<CsvTable> Read(
      const std::filesystem::path& path,
      std::int64_t size_bytes_max = kTableBytesMax);
  // The same for bytes already in memory; `name` stands for the file in errors.
  static absl::StatusOr<CsvTable> Parse(absl::string_view bytes,
                                        absl::string_view name);

  const std::string& name() const { return name_; }
  const std::vector<std::string>& header() const { return header_; }
  int columns() const { return static_cast<int>(header_.size()); }
  int rows() const { return static_cast<int>(lines_.size()); }
  // Line of the file on which a row begins, from 1.
  std::int64_t line(int row) const {
    return lines_[static_cast<std::size_t>(row)];
  }
  // Without the spaces around it.
  absl::string_view cell(int row, int column) const {
    const std::size_t at = static_cast<std::size_t>(row) * header_.size() +
                           static_cast<std::size_t>(column);
    return absl::string_view(text_).substr(ends_[at],
                                           ends_[at + 1] - ends_[at]);
  }

  // kInvalidArgument naming the columns that are spelled nearly so. `what`
  // says who asks: "--target".
  absl::StatusOr<int> Column(absl::string_view column_name,
                             absl::string_view what) const;

 private:
  friend class CsvAssembler;
  CsvTable() = default;
  std::string name_;
  std::vector<std::string> header_;
  std::string text_;                    // Every cell, end to end.
  std::vector<std::uint64_t> ends_{0};  // Where each cell ends in `text_`.
  std::vector<std::int64_t> lines_;
};

}  // namespace tenuto

#endif  // TENUTO_TRAINING_TABLE_CSV_READER_H_
