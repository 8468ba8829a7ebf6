#include "features/base/textproto.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/text_format.h"

namespace tenuto {
namespace {

namespace io = ::google::protobuf::io;

// Keeps the first complaint.
class FirstError final : public io::ErrorCollector {
 public:
  void AddError(int line, io::ColumnNumber column,
                const std::string& message) override {
    if (!text_.empty()) return;
    line_ = line;
    column_ = column;
    // As the parser says that the text ends.
    text_ = absl::EndsWith(message, "got: ") ? message + "the end" : message;
  }
  void AddWarning(int line, io::ColumnNumber column,
                  const std::string& message) override {
    AddError(line, column, message);
  }
  int line() const { return line_; }  // From 0, as the column.
  int column() const { return column_; }
  const std::string& text() const { return text_; }

 private:
  int line_ = 0, column_ = 0;
  std::string text_;
};

// Letters to change, add or leave out until one is the other.
std::size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t before = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t changed = before + (a[i] == b[j] ? 0 : 1);
      before = row[j + 1];
      row[j + 1] = std::min({changed, before + 1, row[j] + 1});
    }
  }
  return row.back();
}

// `; did you mean "x"?` where the complaint is of an unknown field and a field
// of that message has a name much like it; else nothing.
std::string MeantField(const std::string& complaint,
                       const google::protobuf::Message& message) {
  // Message type "a.B" has no field named "c".
  const std::vector<std::string> quoted = absl::StrSplit(complaint, '"');
  if (quoted.size() != 5 || quoted[2] != " has no field named ") return "";
  const auto* const type =
      message.GetDescriptor()->file()->pool()->FindMessageTypeByName(quoted[1]);
  if (type == nullptr) return "";
  std::size_t least = quoted[3].size() / 3 + 1;  // As far as a typo goes.
  std::string meant;
  for (int k = 0; k < type->field_count(); ++k) {
    const std::string& name = type->field(k)->name();
    const std::size_t distance = EditDistance(quoted[3], name);
    if (distance > least || (distance == least && !meant.empty())) continue;
    least = distance;
    meant = absl::StrCat("; did you mean \"", name, "\"?");
  }
  return meant;
}

// The line, from 0, of the innermost brace that is open where the complaint is,
// if the text has more of them than it closes.
std::optional<int> UnclosedBrace(absl::string_view text,
                                 const FirstError& complaint) {
  io::ArrayInputStream in(text.data(), static_cast<int>(text.size()));
  FirstError ignored;
  io::Tokenizer tokens(&in, &ignored);
  tokens.set_comment_style(io::Tokenizer::SH_COMMENT_STYLE);
  std::vector<int> open;
  std::optional<int> innermost;
  while (tokens.Next()) {
    const io::Tokenizer::Token& token = tokens.current();
    if (token.text == "}" && !open.empty()) open.pop_back();
    if (token.text == "{") open.push_back(token.line);
    if (std::pair(token.line, token.column) <
        std::pair(complaint.line(), complaint.column())) {
      innermost = open.empty() ? std::nullopt : std::optional(open.back());
    }
  }
  return open.empty() ? std::nullopt : innermost;
}

std::string Describe(absl::string_view file, absl::string_view text,
                     const google::protobuf::Message& message,
                     const FirstError& complaint) {
  if (complaint.text().empty()) return absl::StrCat(file, ": does not parse");
  std::string said =
      absl::StrCat(file, ":", complaint.line() + 1, ":", complaint.column() + 1,
                   ": ", absl::StripSuffix(complaint.text(), "."),
                   MeantField(complaint.text(), message));
  const std::optional<int> brace = UnclosedBrace(text, complaint);
  if (brace.has_value()) {
    absl::StrAppend(&said, "; the \"{\" of line ", *brace + 1,
                    " is not closed");
  }
  return said;
}

}  // namespace

absl::Status ParseTextproto(absl::string_view file, absl::string_view text,
                            google::protobuf::Message& message) {
  google::protobuf::TextFormat::ParseInfoTree places;
  return ParseTextproto(file, text, message, places);
}

absl::Status ParseTextproto(
    absl::string_view file, absl::string_view text,
    google::protobuf::Message& message,
    google::protobuf::TextFormat::ParseInfoTree& places) {
  google::protobuf::io::ArrayInputStream in(text.data(),
                                            static_cast<int>(text.size()));
  FirstError complaint;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&complaint);
  parser.WriteLocationsTo(&places);
  if (parser.Parse(&in, &message) && complaint.text().empty()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(Describe(file, text, message, complaint));
}

}  // namespace tenuto
