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

  bool Holds(const EventView& event) const;

 private:
  FieldRef field_;
  std::vector<std::int64_t> numbers_;  // Empty: a range.
  std::vector<std::string> texts_;
  std::int64_t min_ = 0;
  std::int64_t max_ = 0;
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_EVENT_CONDITION_H_
