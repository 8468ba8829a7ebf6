// Random and lifelike chances, stakes and limits of failed payments, for tests
// and benchmarks of plans.
// Value types; not thread-safe.
#ifndef TENUTO_TESTS_SUPPORT_UNPAID_TABLES_H_
#define TENUTO_TESTS_SUPPORT_UNPAID_TABLES_H_

#include <algorithm>
#include <cmath>
#include <random>

#include "model/grace/grace_stakes.h"
#include "model/grace/hazard_table.h"
#include "model/grace/plan_limits.h"
#include "model/grace/recovery_curve.h"

namespace tenuto::testing {

inline double Uniform(std::mt19937& random, double low, double high) {
  return std::uniform_real_distribution<double>(low, high)(random);
}

// Anything at all: no order between choices, no shape over days.
inline HazardTable RandomHazards(std::mt19937& random, double most = 0.3) {
  const auto chance = [&] {
    return static_cast<float>(Uniform(random, 0, most));
  };
  HazardTable hazards;
  for (int day = 1; day <= kUnpaidDays; ++day) {
    for (const Access access :
         {Access::kNone, Access::kReduced, Access::kFull}) {
      for (const bool messaged : {false, true}) {
        hazards.by_user(day, access, messaged) = chance();
        hazards.cancels(day, access, messaged) = chance();
      }
    }
    for (int count = 0; count < HazardTable::kCounts; ++count) {
      for (int gap = 0; gap < HazardTable::kGaps; ++gap) {
        hazards.by_retry(day, count, gap) = chance();
      }
    }
  }
  return hazards;
}

// A card that lacks money until a payday, a subscriber who mends it sooner when
// reminded or cut off, and leaves sooner, too.
struct Lifelike {
  double mends = 0.02;
  double nudge = 1.6;   // A message multiplies mending,
  double annoys = 1.5;  // and leaving.
  double loss = 1.5;    // Lost access multiplies both, half that if reduced.
  double leaves = 0.006;
  double retry = 0.06;
  double payday = 0.3;
  int payday_day = 9;  // And every 30 after it.
};

inline HazardTable LifelikeHazards(const Lifelike& life) {
  HazardTable hazards;
  for (int day = 1; day <= kUnpaidDays; ++day) {
    const double fades = std::exp(-day / 25.0);
    for (int a = 0; a < 3; ++a) {
      const auto access = static_cast<Access>(a);
      const double lost = 1 + (life.loss - 1) * (2 - a) / 2;
      for (const bool messaged : {false, true}) {
        hazards.by_user(day, access, messaged) = static_cast<float>(
            life.mends * fades * lost * (messaged ? life.nudge : 1));
        hazards.cancels(day, access, messaged) = static_cast<float>(
            life.leaves * lost * (messaged ? life.annoys : 1));
      }
    }
    const int since = (day - life.payday_day + 60) % 30;
    const double purse =
        life.retry * fades + life.payday * std::exp(-since / 1.5);
    for (int count = 0; count < HazardTable::kCounts; ++count) {
      for (int gap = 0; gap < HazardTable::kGaps; ++gap) {
        const double rested =
            1 - 0.8 * std::exp(-HazardTable::GapOf(gap) / 2.0);
        hazards.by_retry(day, count, gap) =
            static_cast<float>(purse * rested * std::pow(0.85, count));
      }
    }
  }
  return hazards;
}

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

#endif  // TENUTO_TESTS_SUPPORT_UNPAID_TABLES_H_
