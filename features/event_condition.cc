#include "features/event_condition.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"

namespace tenuto {

absl::StatusOr<EventCondition> EventCondition::Compile(
    absl::string_view event, const v1::Condition& declaration) {
  EventCondition condition;
  TENUTO_ASSIGN_OR_RETURN(condition.field_,
                          FindField(event, declaration.field()));
  condition.min_ = declaration.min();
  condition.max_ = declaration.max();
  if (declaration.equals().empty() &&
      (condition.field_.is_text || condition.min_ > condition.max_)) {
    return absl::InvalidArgumentError(
        absl::StrCat("condition on \"", declaration.field(),
                     "\" needs `equals` or a range min <= max"));
  }
  for (const std::string& text : declaration.equals()) {
    if (condition.field_.is_text) {
      condition.texts_.push_back(text);
      continue;
    }
    TENUTO_ASSIGN_OR_RETURN(const std::int64_t number,
                            FindNumber(event, declaration.field(), text));
    condition.numbers_.push_back(number);
  }
  return condition;
}

bool EventCondition::Holds(const EventView& event) const {
  if (field_.is_text) {
    const absl::string_view text = event.text(field_.slot);
    return std::any_of(texts_.begin(), texts_.end(),
                       [&](const std::string& t) { return text == t; });
  }
  const std::int64_t number = event.number(field_.slot);
  if (numbers_.empty()) return min_ <= number && number <= max_;
  return std::find(numbers_.begin(), numbers_.end(), number) != numbers_.end();
}

}  // namespace tenuto
