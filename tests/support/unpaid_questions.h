// Stakes, pasts and limits of failed payments, some of them random, for tests
// and benchmarks of plans.
// Value types; not thread-safe.
#ifndef TENUTO_TESTS_SUPPORT_UNPAID_QUESTIONS_H_
#define TENUTO_TESTS_SUPPORT_UNPAID_QUESTIONS_H_

#include <algorithm>
#include <random>

#include "model/grace/grace_stakes.h"
#include "model/grace/plan_limits.h"
#include "model/grace/recovery_curve.h"
#include "tests/support/unpaid_tables.h"

namespace tenuto::testing {

inline GraceStakes SomeStakes(double recovery_minor = 2300) {
  GraceStakes stakes;
  stakes.recovery_minor.fill(recovery_minor);
  stakes.access_day_minor = {0, 5, 19};
  stakes.attempt_minor = 5;
  stakes.message_minor = 1;
  stakes.message_goodwill_minor = 2;
  stakes.access_step_goodwill_minor = 5;
  return stakes;
}

inline GraceStakes RandomStakes(std::mt19937& random) {
  GraceStakes stakes;
  for (double& worth : stakes.recovery_minor) worth = Uniform(random, 0, 2000);
  stakes.access_day_minor = {0, Uniform(random, 0, 60),
                             Uniform(random, 0, 200)};
  stakes.attempt_minor = Uniform(random, 0, 300);
  stakes.message_minor = Uniform(random, 0, 100);
  stakes.message_goodwill_minor = Uniform(random, 0, 50);
  stakes.access_step_goodwill_minor = Uniform(random, 0, 100);
  return stakes;
}

// Of a payment that has been open for 0 to 40 days.
inline UnpaidPast RandomPast(std::mt19937& random) {
  UnpaidPast past;
  past.day = static_cast<int>(random() % 41);
  past.attempts = 1;
  if (past.day > 0 && random() % 2 == 0) {
    past.attempts = 2 + static_cast<int>(random() % 3);
    past.last_attempt_day = 1 + static_cast<int>(random()) % past.day;
    past.last_attempt_day = std::clamp(past.last_attempt_day, 1, past.day);
  }
  if (past.day > 0 && random() % 2 == 0) {
    past.last_message_day = past.day - static_cast<int>(random() % 5);
  }
  const auto access = random() % 6;
  if (past.day > 0 && access < 2) {
    past.access = static_cast<Access>(access);
    past.full_days = past.day / 2;
    past.reduced_days =
        past.access == Access::kReduced ? past.day - past.full_days : 0;
  }
  return past;
}

// Of `days` days to come; every limit holds or not by chance.
inline PlanLimits RandomLimits(std::mt19937& random, const UnpaidPast& past,
                               int days) {
  PlanLimits limits;
  limits.last_day = std::min(past.day + days, kUnpaidDays);
  const auto some = [&] {
    DaySet set;
    for (std::size_t day = 0; day <= kUnpaidDays; ++day) {
      set[day] = random() % 3 != 0;
    }
    return set;
  };
  if (random() % 2 == 0) limits.attempt_days = some();
  if (random() % 2 == 0) limits.message_days = some();
  if (random() % 2 == 0) limits.full_lengths = some();
  if (random() % 2 == 0) limits.attempts_max = static_cast<int>(random() % 3);
  limits.messages_max = static_cast<int>(random() % 3);
  limits.reduced_allowed = random() % 4 != 0;
  return limits;
}

}  // namespace tenuto::testing

#endif  // TENUTO_TESTS_SUPPORT_UNPAID_QUESTIONS_H_
