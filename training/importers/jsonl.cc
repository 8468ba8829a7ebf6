#include "training/importers/jsonl.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"

namespace tenuto {
namespace {

class JsonlFormat : public Format {
 public:
  v1::Event* Read(absl::string_view record, Rejection& trouble) override {
    event_.Clear();
    const auto status = google::protobuf::util::JsonStringToMessage(
        google::protobuf::StringPiece(record.data(), record.size()), &event_);
    if (!status.ok()) {
      // The parser's own text may quote the line, which is a person's.
      trouble = {"MALFORMED_JSON",
                 absl::StrCat("no tenuto.v1.Event in the JSON form of proto3 (",
                              record.size(), " bytes)")};
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
