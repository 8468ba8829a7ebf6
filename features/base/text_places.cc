#include "features/base/text_places.h"

#include <algorithm>

namespace tenuto {

TextPlaces::TextPlaces(absl::string_view file,
                       const google::protobuf::Message& message,
                       const Tree& tree)
    : file_(file), type_(message.GetDescriptor()), tree_(&tree) {}

TextPlaces TextPlaces::Within(const std::string& field, int index,
                              absl::string_view name) const {
  const auto* const declared = type_->FindFieldByName(field);
  TextPlaces within;
  within.file_ = file_;
  within.type_ = declared->message_type();
  within.line_ = LineOf(field, index);
  within.name_ =
      name_.empty() ? std::string(name) : absl::StrCat(name_, ": ", name);
  if (tree_ != nullptr) {
    within.tree_ =
        tree_->GetTreeForNested(declared, declared->is_repeated() ? index : -1);
  }
  return within;
}

int TextPlaces::LineOf(const std::string& field, int index) const {
  const auto* const declared = type_->FindFieldByName(field);
  if (tree_ == nullptr || declared == nullptr) return line_;
  if (!declared->is_repeated()) index = -1;
  // Of a list in brackets only its beginning is known.
  for (int known = index; known >= std::min(index, 0); --known) {
    const int line = tree_->GetLocation(declared, known).line;
    if (line >= 0) return line + 1;
  }
  return line_;
}

absl::Status TextPlaces::WrongAt(int line, absl::string_view what) const {
  return absl::InvalidArgumentError(absl::StrCat(
      file_, ":", line, ": ", name_, name_.empty() ? "" : ": ", what));
}

}  // namespace tenuto
