// Where in a text that people wrote a field stands, so that a check can name
// the line of what is wrong. Walks along with the message it checks.
// Thread-safe.
#ifndef TENUTO_FEATURES_BASE_TEXT_PLACES_H_
#define TENUTO_FEATURES_BASE_TEXT_PLACES_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "google/protobuf/text_format.h"

namespace tenuto {

class TextPlaces {
 public:
  using Tree = google::protobuf::TextFormat::ParseInfoTree;

  // Of the whole text; `tree` is what ParseTextproto filled in. All must
  // outlive this.
  TextPlaces(absl::string_view file, const google::protobuf::Message& message,
             const Tree& tree);
  // Of a message within; `name` says which in errors, as in `policy "daily"`.
  TextPlaces Within(const std::string& field, int index,
                    absl::string_view name) const;

  // That of the message where the field is left out; of a list in brackets that
  // of its beginning.
  int LineOf(const std::string& field, int index = 0) const;

  // kInvalidArgument "FILE:LINE: NAME: what".
  absl::Status WrongAt(int line, absl::string_view what) const;
  // "FILE:LINE: NAME: field is VALUE; it must be WANTED".
  template <typename Value>
  absl::Status Wrong(const std::string& field, const Value& value,
                     absl::string_view wanted, int index = 0) const {
    return WrongAt(LineOf(field, index),
                   absl::StrCat(field, " is ", value, "; it must be ", wanted));
  }

 private:
  TextPlaces() = default;

  absl::string_view file_;
  const google::protobuf::Descriptor* type_ = nullptr;
  const Tree* tree_ = nullptr;  // Null: nothing is known but the line.
  int line_ = 1;
  std::string name_;
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_BASE_TEXT_PLACES_H_
