#include "model/grace/recovery_curve.h"

namespace tenuto {

RecoveryCurve Follow(const HazardTable& hazards, const DayActions& actions,
                     const UnpaidPast& past) {
  RecoveryCurve curve;
  double open = 1;
  int attempts = past.attempts;
  int last_attempt_day = past.last_attempt_day;
  int last_message_day = past.last_message_day;
  for (int day = past.day + 1; day <= kUnpaidDays; ++day) {
    const DayAction& action = actions[static_cast<std::size_t>(day)];
    if (action.messages) last_message_day = day;
    const bool messaged = day - last_message_day < kMessageDays;
    RecoveryDay& result = curve[static_cast<std::size_t>(day)];
    result.by_user = open * hazards.by_user(day, action.access, messaged);
    open -= result.by_user;
    if (action.attempts) {
      result.by_retry =
          open *
          hazards.by_retry(day, HazardTable::CountIndex(attempts),
                           HazardTable::GapIndex(day - last_attempt_day));
      open -= result.by_retry;
      ++attempts;
      last_attempt_day = day;
    }
    result.cancelled = open * hazards.cancels(day, action.access, messaged);
    open -= result.cancelled;
    result.open = open;
  }
  return curve;
}

}  // namespace tenuto
