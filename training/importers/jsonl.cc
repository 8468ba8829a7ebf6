#include "training/importers/jsonl.h"

#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "google/protobuf/util/json_util.h"

namespace tenuto {
namespace {

constexpr std::size_t kNameBytesMax = 64;

// The parser's own text may quote the line, which is a person's: only its kind
// is told, and a field's name, which is a program's. That text is
// "(playback) trakId: Cannot find field.".
std::string Complaint(absl::string_view parser_text, std::size_t bytes) {
  if (!absl::ConsumeSuffix(&parser_text, ": Cannot find field.")) {
    return absl::StrCat("no tenuto.v1.Event in the JSON form of proto3 (",
                        bytes, " bytes)");
  }
  absl::string_view within;
  if (const std::size_t end = parser_text.find(") ");
      absl::ConsumePrefix(&parser_text, "(") &&
      end != absl::string_view::npos) {
    within = parser_text.substr(0, end - 1);
    parser_text.remove_prefix(end + 1);
  }
  return absl::StrCat(
      "the field \"", absl::CHexEscape(parser_text.substr(0, kNameBytesMax)),
      "\", which tenuto.v1.Event has not", within.empty() ? "" : " in ", within,
      " (", bytes, " bytes)");
}

class JsonlFormat : public Format {
 public:
  v1::Event* Read(absl::string_view record, Rejection& trouble) override {
    event_.Clear();
    const auto status = google::protobuf::util::JsonStringToMessage(
        google::protobuf::StringPiece(record.data(), record.size()), &event_);
    if (!status.ok()) {
      trouble = {"MALFORMED_JSON",
                 Complaint(std::string(status.message()), record.size())};
      return nullptr;
    }
    if (event_.event_id().empty()) {
      HashedEventId("jsonl", record, *event_.mutable_event_id());
    }
    return &event_;
  }

 private:
  v1::Event event_;
};

}  // namespace

std::unique_ptr<Format> MakeJsonlFormat() {
  return std::make_unique<JsonlFormat>();
}

}  // namespace tenuto
