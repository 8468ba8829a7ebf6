// The days on which a dated rule holds, and the form in which raw codes are
// compared: what the check of a rules file and its use must agree on.
// Value type; not thread-safe.
#ifndef TENUTO_MODEL_DECISION_RULE_DAYS_H_
#define TENUTO_MODEL_DECISION_RULE_DAYS_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace tenuto {

// UTC, from its first moment until the first moment after it.
struct RuleDays {
  absl::Time from = absl::InfinitePast();
  absl::Time until = absl::InfiniteFuture();

  bool Cover(absl::Time time) const { return from <= time && time < until; }
  bool Overlap(const RuleDays& other) const {
    return from < other.until && other.from < until;
  }
};

// The beginning of "2025-05-19"; nothing for any other form or no real day.
std::optional<absl::Time> BeginningOfDay(absl::string_view day);

// Of a message with valid_from and valid_until that was found right.
template <typename Rule>
RuleDays DaysOf(const Rule& rule) {
  RuleDays days;
  if (!rule.valid_from().empty()) {
    days.from = BeginningOfDay(rule.valid_from()).value_or(days.from);
  }
  if (!rule.valid_until().empty()) {
    days.until = BeginningOfDay(rule.valid_until()).value_or(days.until);
  }
  return days;
}

// Without spaces around it, in capitals, "4" as "04": gateways differ in these.
std::string NormalCode(absl::string_view raw);

}  // namespace tenuto

#endif  // TENUTO_MODEL_DECISION_RULE_DAYS_H_
