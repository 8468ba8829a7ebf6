#include "model/grace/grace_stakes.h"

#include <cstddef>

namespace tenuto {

PlanWorth WorthOf(const GraceStakes& stakes, const DayActions& actions,
                  const RecoveryCurve& curve, const UnpaidPast& past,
                  int last_day) {
  PlanWorth worth;
  double open = 1;
  Access access = past.access;
  for (int day = past.day + 1; day <= last_day; ++day) {
    const auto at = static_cast<std::size_t>(day);
    const DayAction& action = actions[at];
    const RecoveryDay& on = curve[at];
    if (action.access < access) {
      worth.access_steps +=
          open * (static_cast<int>(access) - static_cast<int>(action.access));
      access = action.access;
    }
    if (action.messages) worth.messages += open;
    if (action.attempts) worth.attempts += open - on.by_user;
    worth.recovered += on.by_user + on.by_retry;
    worth.recovery_minor +=
        (on.by_user + on.by_retry) * stakes.recovery_minor[at];
    worth.cancelled += on.cancelled;
    open = on.open;
    if (action.access == Access::kFull) worth.free_days += open;
    if (action.access == Access::kReduced) worth.reduced_days += open;
    worth.access_minor += open * stakes.access_day(action.access);
  }
  worth.attempts_minor = worth.attempts * stakes.attempt_minor;
  worth.messages_minor = worth.messages * stakes.message_minor;
  worth.goodwill_minor = worth.messages * stakes.message_goodwill_minor +
                         worth.access_steps * stakes.access_step_goodwill_minor;
  return worth;
}

}  // namespace tenuto
