// One plan of a failed payment, and lives under it by chances that never
// change. Not thread-safe.
#ifndef TENUTO_TESTS_TRAINING_SIMULATION_LIVED_TRIAL_H_
#define TENUTO_TESTS_TRAINING_SIMULATION_LIVED_TRIAL_H_

#include <cstddef>

#include "gtest/gtest.h"
#include "training/grace/unpaid_days.h"
#include "training/simulation/event_counts.h"
#include "training/simulation/trial.h"
#include "training/split_mix.h"

namespace tenuto {

class LivedTrial : public ::testing::Test {
 protected:
  LivedTrial() {
    stakes_.recovery_minor.fill(2000);
    stakes_.access_day_minor = {0, 5, 20};
    stakes_.attempt_minor = 7;
    stakes_.message_minor = 1;
    stakes_.access_step_goodwill_minor = 3;
    for (int day = 1; day <= kUnpaidDays; ++day) {
      DayAction& action = trial_.actions[static_cast<std::size_t>(day)];
      action.access = day <= 7 ? Access::kFull : Access::kNone;
      action.attempts = day % 5 == 0 && day < 30;
      action.messages = day == 2;
    }
  }
  static HazardTable Table(float user, float retry, float cancels) {
    HazardTable hazards;
    for (int day = 1; day <= kUnpaidDays; ++day) {
      for (const Access access :
           {Access::kNone, Access::kReduced, Access::kFull}) {
        for (const bool messaged : {false, true}) {
          hazards.by_user(day, access, messaged) = user;
          hazards.cancels(day, access, messaged) = cancels;
        }
      }
      for (int count = 0; count < HazardTable::kCounts; ++count) {
        for (int gap = 0; gap < HazardTable::kGaps; ++gap) {
          hazards.by_retry(day, count, gap) = retry;
        }
      }
    }
    return hazards;
  }
  // Lives the trial under the table.
  UnpaidSpell Live(const HazardTable& hazards, SplitMix64& random) const {
    RecoveryCurve curve;
    Expect(hazards, stakes_, trial_, curve);
    const double unit = static_cast<double>(random.Next() >> 11) * 0x1p-53;
    const auto [last, end] = EventDraw(curve).At(unit);
    UnpaidSpell spell;
    spell.end = end;
    for (int day = 1; day <= last; ++day) {
      UnpaidDay& lived = spell.days.emplace_back();
      const DayAction& action = trial_.actions[static_cast<std::size_t>(day)];
      lived.access = action.access;
      lived.end = day == last ? end : RecoveryEnd::kOpen;
      lived.attempted = action.attempts && lived.end != RecoveryEnd::kByUser;
    }
    return spell;
  }

  GraceStakes stakes_;
  TrialActions trial_;
};

}  // namespace tenuto

#endif  // TENUTO_TESTS_TRAINING_SIMULATION_LIVED_TRIAL_H_
