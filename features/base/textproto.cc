#include "features/base/textproto.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/text_format.h"

namespace tenuto {
namespace {

// Keeps the first complaint.
class FirstError final : public google::protobuf::io::ErrorCollector {
 public:
  explicit FirstError(absl::string_view file) : file_(file) {}
  void AddError(int line, google::protobuf::io::ColumnNumber column,
                const std::string& message) override {
    if (!text.empty()) return;
    text = absl::StrCat(file_, ":", line + 1, ":", column + 1, ": ", message);
  }
  void AddWarning(int line, google::protobuf::io::ColumnNumber column,
                  const std::string& message) override {
    AddError(line, column, message);
  }
  std::string text;

 private:
  const absl::string_view file_;
};

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
  FirstError errors(file);
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&errors);
  parser.WriteLocationsTo(&places);
  if (parser.Parse(&in, &message) && errors.text.empty()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(errors.text.empty()
                                        ? absl::StrCat(file, ": does not parse")
                                        : errors.text);
}

}  // namespace tenuto
