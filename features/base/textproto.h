// Text-format protos that people write: strict, with the file, line and column
// of what is wrong.
// Thread-safe.
#ifndef TENUTO_FEATURES_BASE_TEXTPROTO_H_
#define TENUTO_FEATURES_BASE_TEXTPROTO_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "google/protobuf/text_format.h"

namespace tenuto {

// kInvalidArgument "FILE:LINE:COLUMN: reason" for an unknown field, a bad value
// or broken syntax; says which field may have been meant, and which brace was
// not closed. `file` is used in the text only.
absl::Status ParseTextproto(absl::string_view file, absl::string_view text,
                            google::protobuf::Message& message);
// The same; `places` tells afterwards on which line each field stands.
absl::Status ParseTextproto(
    absl::string_view file, absl::string_view text,
    google::protobuf::Message& message,
    google::protobuf::TextFormat::ParseInfoTree& places);

}  // namespace tenuto

#endif  // TENUTO_FEATURES_BASE_TEXTPROTO_H_
