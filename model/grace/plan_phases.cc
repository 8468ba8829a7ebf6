#include "model/grace/plan_phases.h"

#include <algorithm>
#include <cstdint>

#include "features/user_state.h"

namespace tenuto {
namespace {

using Kind = SubscriptionEventKind;

// What one subscription goes through, without what is over.
class Timeline {
 public:
  // Paid until `failed`; what follows is not decided before.
  Timeline(absl::Time failed, absl::Time now) : now_(now) {
    SubscriptionEvent started;
    started.kind = Kind::kStarted;
    started.time = absl::InfinitePast();
    started.until = failed;
    started.terms.silent = absl::InfiniteDuration();
    state_ = Advance(state_, started).state;
  }

  void Take(Kind kind, absl::Time time, const UnpaidTerms& terms = {}) {
    const SubscriptionStep step = Advance(state_, {kind, time, {}, terms});
    state_ = step.state;
    for (int i = 0; i < step.count; ++i) {
      const auto& entered = step.entered[static_cast<std::size_t>(i)];
      SubscriptionState then = state_;
      then.phase = entered.phase;
      Begin({then.phase, then.access(), entered.time});
    }
    // Terms may change the access and no phase.
    Begin({state_.phase, state_.access(), state_.as_of});
  }

  const PlanPhases& phases() const { return phases_; }

 private:
  void Begin(const PhaseSpan& span) {
    std::size_t& count = phases_.count;
    if (count > 0) {
      const PhaseSpan& last = phases_.all[count - 1];
      if (last.phase == span.phase && last.access == span.access) return;
      if (last.begin == span.begin) --count;
    }
    if (span.begin <= now_) count = 0;
    phases_.all[count++] = span;
  }

  const absl::Time now_;
  SubscriptionState state_;
  PlanPhases phases_;
};

}  // namespace

PlanPhases PhasesOf(const GracePlan& plan, absl::Time failed,
                    absl::Duration silent, absl::Time now) {
  failed = std::min(failed, now);
  const std::int64_t day_0 = DayOf(absl::ToUnixMicros(failed));
  const auto end_of = [day_0](int day) {
    return absl::FromUnixMicros((day_0 + day + 1) * kDayUs);
  };
  const absl::Time full_end = end_of(plan.full_days);
  const absl::Time grace_end = end_of(plan.full_days + plan.reduced_days);
  UnpaidTerms terms;
  terms.silent = std::min(silent, full_end - failed);
  terms.grace = grace_end - failed;
  terms.hold = end_of(plan.last_day) - grace_end;

  Timeline timeline(failed, now);
  timeline.Take(Kind::kPaymentFailed, failed, terms);
  if (grace_end > full_end) {
    timeline.Take(Kind::kTimePassed, full_end);
    terms.grace_access = Access::kReduced;
    timeline.Take(Kind::kTermsDecided, full_end, terms);
  }
  timeline.Take(Kind::kTimePassed, absl::InfiniteFuture());
  return timeline.phases();
}

}  // namespace tenuto
