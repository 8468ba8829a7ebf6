// What things are worth while a payment is unpaid, as people wrote it down, and
// how far a plan may go; from these come the stakes of one failed payment. A
// wrong file stops the program at its start, not a plan at night.
// Thread-safe: immutable after FromText.
#ifndef TENUTO_MODEL_GRACE_GRACE_VALUES_H_
#define TENUTO_MODEL_GRACE_GRACE_VALUES_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "model/grace/grace_stakes.h"
#include "model/grace/plan_limits.h"
#include "tenuto/v1/grace_values.pb.h"

namespace tenuto {

// What is known about the money of one subscription; all may be left out.
struct SubscriptionWorth {
  std::optional<double> month_price_minor;  // As charged.
  std::optional<double> months_after_recovery;
};

class GraceValues {
 public:
  // Those of grace_values.textproto, compiled in.
  static const GraceValues& Embedded();
  // kInvalidArgument "FILE:LINE: field is VALUE; it must be ..."; `file` is
  // used in the text only.
  static absl::StatusOr<GraceValues> FromText(absl::string_view text,
                                              absl::string_view file);

  // kInvalidArgument for a currency that the file does not value.
  absl::StatusOr<GraceStakes> StakesOf(
      absl::string_view currency, const SubscriptionWorth& worth = {}) const;
  PlanCeilings ceilings() const;
  double exploration_share() const { return values_.exploration_share(); }
  // Changes with any value; recorded with plans. 16 hexadecimal digits.
  const std::string& version() const { return version_; }

 private:
  GraceValues(v1::GraceValues values, absl::string_view file);

  v1::GraceValues values_;
  std::string file_;
  std::string version_;
};

}  // namespace tenuto

#endif  // TENUTO_MODEL_GRACE_GRACE_VALUES_H_
