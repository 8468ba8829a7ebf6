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
  auto& numbers = condition.numbers_;
  if (!numbers.empty()) {
    // One value, or values without a gap, are a range; most are.
    std::sort(numbers.begin(), numbers.end());
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
    condition.min_ = numbers.front();
    condition.max_ = numbers.back();
    condition.is_range_ = numbers.back() - numbers.front() + 1 ==
                          static_cast<std::int64_t>(numbers.size());
  }
  return condition;
}

bool EventCondition::HoldsText(absl::string_view text) const {
  return std::any_of(texts_.begin(), texts_.end(),
                     [&](const std::string& t) { return text == t; });
}

bool EventCondition::IsOneOf(std::int64_t number) const {
  return std::binary_search(numbers_.begin(), numbers_.end(), number);
}

}  // namespace tenuto
