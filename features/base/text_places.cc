#include "features/base/text_places.h"

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
  const int line =
      tree_->GetLocation(declared, declared->is_repeated() ? index : -1).line;
  return line < 0 ? line_ : line + 1;
}

absl::Status TextPlaces::WrongAt(int line, absl::string_view what) const {
  return absl::InvalidArgumentError(absl::StrCat(
      file_, ":", line, ": ", name_, name_.empty() ? "" : ": ", what));
}

}  // namespace tenuto
