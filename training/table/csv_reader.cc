#include "training/table/csv_reader.h"

#include <csv.h>
#include <isa-l/igzip_lib.h>

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
#include "features/base/atomic_file.h"
#include "features/base/status_macros.h"

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

absl::Status CheckUtf8(absl::string_view bytes, absl::string_view name) {
  std::int64_t line = 1;
  for (std::size_t i = 0; i < bytes.size();) {
    const std::size_t size = Utf8Length(bytes.substr(i, 4));
    if (size == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, " line ", line,
                       ": a byte that is no UTF-8 text; save it as UTF-8"));
    }
    if (bytes[i] == '\n') ++line;
    i += size;
  }
  return absl::OkStatus();
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

bool IsGzip(absl::string_view bytes) {
  return absl::StartsWith(bytes, "\x1f\x8b");
}

absl::StatusOr<std::string> Inflate(absl::string_view packed,
                                    const std::filesystem::path& path,
                                    std::int64_t size_bytes_max) {
  auto state = std::make_unique<inflate_state>();
  isal_inflate_init(state.get());
  state->crc_flag = ISAL_GZIP;
  // ISA-L reads only; its interface predates const.
  state->next_in =
      reinterpret_cast<std::uint8_t*>(const_cast<char*>(packed.data()));
  std::size_t left = packed.size();
  std::string plain;
  std::vector<std::uint8_t> block(1 << 20);
  while (true) {
    if (state->avail_in == 0) {
      const std::size_t step = std::min<std::size_t>(left, 1 << 30);
      state->avail_in = static_cast<std::uint32_t>(step);
      left -= step;
    }
    state->next_out = block.data();
    state->avail_out = static_cast<std::uint32_t>(block.size());
    if (isal_inflate(state.get()) != ISAL_DECOMP_OK) {
      return absl::InvalidArgumentError(
          absl::StrCat(path.string(), " is damaged gzip"));
    }
    const std::size_t made = block.size() - state->avail_out;
    plain.append(reinterpret_cast<const char*>(block.data()), made);
    if (static_cast<std::int64_t>(plain.size()) > size_bytes_max) {
      return absl::ResourceExhaustedError(absl::StrCat(
          path.string(), " inflates to more than ", size_bytes_max, " bytes"));
    }
    const bool input_is_used = state->avail_in == 0 && left == 0;
    if (state->block_state == ISAL_BLOCK_FINISH) {
      if (input_is_used) return plain;
      isal_inflate_reset(state.get());  // Next member of the file.
      state->crc_flag = ISAL_GZIP;
    } else if (made == 0 && input_is_used) {
      return absl::InvalidArgumentError(
          absl::StrCat(path.string(), " is cut off: its gzip ends too early"));
    }
  }
}

}  // namespace

absl::StatusOr<CsvTable> CsvTable::Read(const std::filesystem::path& path,
                                        std::int64_t size_bytes_max) {
  TENUTO_ASSIGN_OR_RETURN(const std::string bytes,
                          ReadMaybeGzip(path, size_bytes_max));
  return Parse(bytes, path.string());
}

absl::StatusOr<CsvTable> CsvTable::Parse(absl::string_view bytes,
                                         absl::string_view name) {
  if (absl::StartsWith(bytes, "\xef\xbb\xbf")) bytes.remove_prefix(3);
  TENUTO_RETURN_IF_ERROR(CheckUtf8(bytes, name));
  csv_parser parser;
  if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL) != 0) {
    return absl::InternalError("libcsv cannot start");
  }
  const std::unique_ptr<csv_parser, void (*)(csv_parser*)> freed(&parser,
                                                                 csv_free);
  CsvAssembler assembler(name);
  const auto fault = [&] {
    const bool malformed = csv_error(&parser) == CSV_EPARSE;
    return malformed
               ? assembler.Fault(assembler.line(),
                                 "a quote that does not enclose a whole field")
               : absl::ResourceExhaustedError(absl::StrCat(
                     name, ": ", csv_strerror(csv_error(&parser))));
  };
  constexpr std::size_t kStep = 1 << 20;
  for (std::size_t at = 0; at < bytes.size(); at += kStep) {
    const absl::string_view step = bytes.substr(at, kStep);
    const std::size_t used = csv_parse(&parser, step.data(), step.size(),
                                       OnField, OnRowEnd, &assembler);
    TENUTO_RETURN_IF_ERROR(assembler.status());
    if (used != step.size()) return fault();
  }
  if (csv_fini(&parser, OnField, OnRowEnd, &assembler) != 0) {
    TENUTO_RETURN_IF_ERROR(assembler.status());
    return assembler.Fault(assembler.line(),
                           "a quote is opened here or below "
                           "and never closed");
  }
  return std::move(assembler).Finish();
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

absl::StatusOr<std::string> ReadMaybeGzip(const std::filesystem::path& path,
                                          std::int64_t size_bytes_max) {
  TENUTO_ASSIGN_OR_RETURN(std::string bytes, ReadFile(path, size_bytes_max));
  if (!IsGzip(bytes)) {
    if (path.extension() == ".gz" && !bytes.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(path.string(), " is no gzip, whatever its name says"));
    }
    return bytes;
  }
  return Inflate(bytes, path, size_bytes_max);
}

}  // namespace tenuto
