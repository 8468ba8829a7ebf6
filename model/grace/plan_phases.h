// In which phase a plan leaves the subscription now, and when each next one
// begins while nobody pays or cancels. The state machine of subscriptions says
// so, told of the failure and of time; a plan's days are UTC days, so that its
// phases change at midnight UTC.
// Thread-safe; PlanPhases is a value type.
#ifndef TENUTO_MODEL_GRACE_PLAN_PHASES_H_
#define TENUTO_MODEL_GRACE_PLAN_PHASES_H_

#include <array>
#include <cstddef>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "features/subscription_state.h"
#include "model/grace/grace_planner.h"

namespace tenuto {

// Until the next one begins; the last one has no end.
struct PhaseSpan {
  SubscriptionPhase phase = SubscriptionPhase::kExpired;
  Access access = Access::kNone;
  absl::Time begin;

  friend bool operator==(const PhaseSpan&, const PhaseSpan&) = default;
};

struct PlanPhases {
  // Silent, full and reduced grace, hold, over.
  static constexpr std::size_t kSpansMax = 5;
  std::array<PhaseSpan, kSpansMax> all;
  std::size_t count = 0;

  absl::Span<const PhaseSpan> spans() const {
    return absl::MakeConstSpan(all.data(), count);
  }
};

// The first span is the one that holds `now`, the last one is kExpired; none is
// empty. On every day still to plan its access is that of plan.actions. For
// `silent`, within full access, a store tells nobody of a failure: kActive. A
// failure later than `now`, by a producer's clock, counts as of `now`.
PlanPhases PhasesOf(const GracePlan& plan, absl::Time failed,
                    absl::Duration silent, absl::Time now);

}  // namespace tenuto

#endif  // TENUTO_MODEL_GRACE_PLAN_PHASES_H_
