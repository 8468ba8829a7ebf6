#include "training/table/csv_reader.h"

#include <csv.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/span.h"
#include "features/base/status_macros.h"
#include "training/line_source.h"

namespace tenuto {

// Takes libcsv's fields and row ends; the first fault is kept and what follows
// it is ignored, because libcsv cannot be stopped from inside.
class CsvAssembler {
 public:
  explicit CsvAssembler(absl::string_view name) {
    table_.name_ = std::string(name);
  }

  void TakeField(absl::string_view raw) {
    const absl::string_view cell = absl::StripAsciiWhitespace(raw);
    if (fields_ == 0) row_line_ = line_;
    ++fields_;
    line_ += std::count(raw.begin(), raw.end(), '\n');
    ended_by_return_ = false;
    if (!status_.ok()) return;
    if (!in_header_) {
      table_.text_.append(cell.data(), cell.size());
      table_.ends_.push_back(table_.text_.size());
    } else {
      table_.header_.emplace_back(cell);
    }
  }

  void EndRow(int terminator) {
    const bool second_of_pair = terminator == '\n' && ended_by_return_;
    if (fields_ > 0 && status_.ok()) status_ = KeepRow();
    fields_ = 0;
    if (!second_of_pair) ++line_;
    ended_by_return_ = terminator == '\r';
  }

  const absl::Status& status() const { return status_; }
  // Line of the row being read.
  std::int64_t line() const { return fields_ > 0 ? row_line_ : line_; }

  absl::Status Fault(std::int64_t line, absl::string_view reason) const {
    return absl::InvalidArgumentError(
        absl::StrCat(table_.name_, " line ", line, ": ", reason));
  }

  absl::StatusOr<CsvTable> Finish() && {
    TENUTO_RETURN_IF_ERROR(status_);
    if (table_.header_.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(
          table_.name_, " is empty: a line of column names is needed"));
    }
    if (table_.rows() == 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          table_.name_, " has column names but no rows below them"));
    }
    return std::move(table_);
  }

 private:
  absl::Status KeepRow() {
    if (in_header_) {
      in_header_ = false;
      return CheckHeader();
    }
    if (fields_ != table_.columns()) {
      return Fault(row_line_,
                   absl::StrCat(fields_, " fields where the header names ",
                                table_.columns(), " columns"));
    }
    table_.lines_.push_back(row_line_);
    return absl::OkStatus();
  }

  absl::Status CheckHeader() const {
    absl::flat_hash_set<absl::string_view> seen;
    for (std::size_t c = 0; c < table_.header_.size(); ++c) {
      const std::string& column = table_.header_[c];
      if (column.empty()) {
        return Fault(row_line_, absl::StrCat("column ", c + 1, " has no name"));
      }
      if (!seen.insert(column).second) {
        return Fault(row_line_,
                     absl::StrCat("column name \"", column, "\" stands twice"));
      }
    }
    if (table_.header_.size() == 1 &&
        table_.header_[0].find_first_of(";\t|") != std::string::npos) {
      return Fault(row_line_, absl::StrCat("one column named \"",
                                           table_.header_[0].substr(0, 60),
                                           "\": separate columns by commas"));
    }
    return absl::OkStatus();
  }

  CsvTable table_;
  absl::Status status_;
  bool in_header_ = true;
  bool ended_by_return_ = false;
  int fields_ = 0;
  std::int64_t line_ = 1;
  std::int64_t row_line_ = 1;
};

namespace {

void OnField(void* bytes, std::size_t size, void* assembler) {
  static_cast<CsvAssembler*>(assembler)->TakeField(
      absl::string_view(static_cast<const char*>(bytes), size));
}

void OnRowEnd(int terminator, void* assembler) {
  static_cast<CsvAssembler*>(assembler)->EndRow(terminator);
}

// Length of the UTF-8 sequence at the front, 0 when it is none.
std::size_t Utf8Length(absl::string_view bytes) {
  const auto byte = [&](std::size_t i) {
    return static_cast<unsigned char>(bytes[i]);
  };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return lead == 0 ? 0 : 1;
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || bytes.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const bool overlong =
      (lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xf0 && byte(1) < 0x90);
  const bool outside =
      (lead == 0xed && byte(1) > 0x9f) || (lead == 0xf4 && byte(1) > 0x8f);
  return overlong || outside ? 0 : size;
}

// Edits that turn `a` into `b`, letter case aside.
int EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<int> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = static_cast<int>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    int diagonal = row[0];
    row[0] = static_cast<int>(i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same =
          absl::ascii_tolower(static_cast<unsigned char>(a[i - 1])) ==
          absl::ascii_tolower(static_cast<unsigned char>(b[j - 1]));
      const int change = diagonal + (same ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
    }
  }
  return row[b.size()];
}

// libcsv, fed piece by piece.
class CsvFeed {
 public:
  explicit CsvFeed(absl::string_view name) : assembler_(name), name_(name) {
    // The only failure is a null parser.
    csv_init(&parser_, CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL);
  }
  ~CsvFeed() { csv_free(&parser_); }
  CsvFeed(const CsvFeed&) = delete;
  CsvFeed& operator=(const CsvFeed&) = delete;

  absl::Status Feed(absl::string_view bytes) {
    TENUTO_RETURN_IF_ERROR(CheckUtf8(bytes));
    const std::size_t used = csv_parse(&parser_, bytes.data(), bytes.size(),
                                       OnField, OnRowEnd, &assembler_);
    TENUTO_RETURN_IF_ERROR(assembler_.status());
    if (used == bytes.size()) return absl::OkStatus();
    if (csv_error(&parser_) == CSV_EPARSE) {
      return assembler_.Fault(assembler_.line(),
                              "a quote that does not enclose a whole field");
    }
    return absl::ResourceExhaustedError(
        absl::StrCat(name_, ": ", csv_strerror(csv_error(&parser_))));
  }

  absl::StatusOr<CsvTable> Finish() && {
    if (csv_fini(&parser_, OnField, OnRowEnd, &assembler_) != 0) {
      TENUTO_RETURN_IF_ERROR(assembler_.status());
      return assembler_.Fault(
          assembler_.line(),
          "a quote is opened here or below and never closed");
    }
    return std::move(assembler_).Finish();
  }

 private:
  // `bytes` end where a character ends.
  absl::Status CheckUtf8(absl::string_view bytes) {
    for (std::size_t i = 0; i < bytes.size();) {
      const std::size_t size = Utf8Length(bytes.substr(i, 4));
      if (size == 0) {
        return assembler_.Fault(bytes_line_,
                                "a byte that is no UTF-8 text; save it as "
                                "UTF-8");
      }
      if (bytes[i] == '\n') ++bytes_line_;
      i += size;
    }
    return absl::OkStatus();
  }

  csv_parser parser_;
  CsvAssembler assembler_;
  const std::string name_;
  std::int64_t bytes_line_ = 1;
};

absl::Status CheckSize(const Line& line, const std::filesystem::path& path,
                       std::int64_t size_bytes_max) {
  if (!line.too_long && line.end_bytes <= size_bytes_max) {
    return absl::OkStatus();
  }
  return absl::ResourceExhaustedError(
      absl::StrCat(path.string(), " line ", line.number,
                   line.too_long ? " is longer than " : " ends after ",
                   line.too_long ? std::int64_t{kLineBytesMax} : size_bytes_max,
                   " bytes, the most that is read"));
}

absl::string_view WithoutMark(absl::string_view bytes) {
  return absl::StartsWith(bytes, "\xef\xbb\xbf") ? bytes.substr(3) : bytes;
}

absl::Status FeedLines(LineSource& source, const std::filesystem::path& path,
                       std::int64_t size_bytes_max, CsvFeed& feed) {
  Line line;
  while (true) {
    TENUTO_ASSIGN_OR_RETURN(const bool found, source.Next(line));
    if (!found) return absl::OkStatus();
    TENUTO_RETURN_IF_ERROR(CheckSize(line, path, size_bytes_max));
    TENUTO_RETURN_IF_ERROR(
        feed.Feed(line.number == 1 ? WithoutMark(line.text) : line.text));
    TENUTO_RETURN_IF_ERROR(feed.Feed("\n"));
  }
}

}  // namespace

absl::StatusOr<CsvTable> CsvTable::Read(const std::filesystem::path& path,
                                        std::int64_t size_bytes_max) {
  TENUTO_ASSIGN_OR_RETURN(const std::unique_ptr<LineSource> source,
                          LineSource::Open(path));
  CsvFeed feed(path.string());
  TENUTO_RETURN_IF_ERROR(FeedLines(*source, path, size_bytes_max, feed));
  return std::move(feed).Finish();
}

absl::StatusOr<CsvTable> CsvTable::Parse(absl::string_view bytes,
                                         absl::string_view name) {
  CsvFeed feed(name);
  TENUTO_RETURN_IF_ERROR(feed.Feed(WithoutMark(bytes)));
  return std::move(feed).Finish();
}

absl::StatusOr<int> CsvTable::Column(absl::string_view column_name,
                                     absl::string_view what) const {
  std::vector<std::pair<int, std::string>> near;
  for (int c = 0; c < columns(); ++c) {
    const std::string& candidate = header_[static_cast<std::size_t>(c)];
    if (candidate == column_name) return c;
    const int distance = EditDistance(candidate, column_name);
    const bool close =
        distance <= std::max(2, static_cast<int>(column_name.size()) / 3);
    if (close) near.emplace_back(distance, absl::StrCat("\"", candidate, "\""));
  }
  std::sort(near.begin(), near.end());
  if (near.size() > 3) near.resize(3);
  const std::string advice =
      near.empty()
          ? absl::StrCat(
                "it has ",
                absl::StrJoin(absl::MakeConstSpan(header_).subspan(0, 8), ", "),
                columns() > 8 ? ", ..." : "")
          : absl::StrCat(
                "near is ",
                absl::StrJoin(near, ", ", [](std::string* out, const auto& n) {
                  absl::StrAppend(out, n.second);
                }));
  return absl::InvalidArgumentError(
      absl::StrCat(what, " \"", column_name, "\": ", name_,
                   " has no such column; ", advice));
}

}  // namespace tenuto
