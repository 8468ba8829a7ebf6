#include "training/importers/jsonl.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/util/json_util.h"

namespace tenuto {
namespace {

// The parser's own text may quote the line, which is a person's: only its kind
// is told.
std::string Complaint(absl::string_view parser_text, std::size_t bytes) {
  return absl::StrCat(absl::EndsWith(parser_text, "Cannot find field.")
                          ? "a field that tenuto.v1.Event has not ("
                          : "no tenuto.v1.Event in the JSON form of proto3 (",
                      bytes, " bytes)");
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
