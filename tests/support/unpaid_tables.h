// Random and lifelike chances of failed payments, for tests and benchmarks of
// plans.
// Value types; not thread-safe.
#ifndef TENUTO_TESTS_SUPPORT_UNPAID_TABLES_H_
#define TENUTO_TESTS_SUPPORT_UNPAID_TABLES_H_

#include <cmath>
#include <random>

#include "model/grace/hazard_table.h"
#include "model/grace/unpaid_day.h"

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

}  // namespace tenuto::testing

#endif  // TENUTO_TESTS_SUPPORT_UNPAID_TABLES_H_
