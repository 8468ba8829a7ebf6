// A compiled tenuto.v1.Condition: does this event count?
#ifndef TENUTO_FEATURES_EVENT_CONDITION_H_
#define TENUTO_FEATURES_EVENT_CONDITION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "features/event_view.h"
#include "tenuto/v1/catalogue.pb.h"

namespace tenuto {

// Thread-safe: immutable.
class EventCondition {
 public:
  // For events of payload `event`. kInvalidArgument names a field or value that
  // the payload does not have, or a range that is none.
  static absl::StatusOr<EventCondition> Compile(
      absl::string_view event, const v1::Condition& declaration);

  bool Holds(const EventView& event) const {
    if (field_.is_text) return HoldsText(event.text(field_.slot));
    const std::int64_t number = event.number(field_.slot);
    return min_ <= number && number <= max_ && (is_range_ || IsOneOf(number));
  }

 private:
  bool HoldsText(absl::string_view text) const;
  bool IsOneOf(std::int64_t number) const;

  FieldRef field_;
  bool is_range_ = true;
  std::int64_t min_ = 0;
  std::int64_t max_ = 0;
  std::vector<std::int64_t> numbers_;  // Rising.
  std::vector<std::string> texts_;
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_EVENT_CONDITION_H_
