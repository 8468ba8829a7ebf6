#include "model/grace/recovery_curve.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <random>

#include "gtest/gtest.h"

namespace tenuto {
namespace {

constexpr int kSeed = 20261121;

HazardTable RandomHazards(std::mt19937& random) {
  std::uniform_real_distribution<float> chance(0, 0.3f);
  HazardTable hazards;
  for (int day = 1; day <= kUnpaidDays; ++day) {
    for (const Access access :
         {Access::kNone, Access::kReduced, Access::kFull}) {
      for (const bool messaged : {false, true}) {
        hazards.by_user(day, access, messaged) = chance(random);
        hazards.cancels(day, access, messaged) = chance(random);
      }
    }
    for (int count = 0; count < HazardTable::kCounts; ++count) {
      for (int gap = 0; gap < HazardTable::kGaps; ++gap) {
        hazards.by_retry(day, count, gap) = chance(random);
      }
    }
  }
  return hazards;
}

DayActions RandomActions(std::mt19937& random) {
  DayActions actions;
  for (DayAction& action : actions) {
    action.access = static_cast<Access>(random() % 3);
    action.attempts = random() % 4 == 0;
    action.messages = random() % 6 == 0;
  }
  return actions;
}

// Lives one failed payment with dice.
RecoveryEnd Live(const HazardTable& hazards, const DayActions& actions,
                 std::mt19937& random, int& day) {
  std::uniform_real_distribution<double> dice(0, 1);
  int attempts = 1, attempt_day = 0, message_day = -100;
  for (day = 1; day <= kUnpaidDays; ++day) {
    const DayAction& action = actions[static_cast<std::size_t>(day)];
    if (action.messages) message_day = day;
    const bool messaged = day <= message_day + 2;
    if (dice(random) < hazards.by_user(day, action.access, messaged)) {
      return RecoveryEnd::kByUser;
    }
    if (action.attempts) {
      const float chance =
          hazards.by_retry(day, std::min(attempts, 3) - 1,
                           HazardTable::GapIndex(day - attempt_day));
      if (dice(random) < chance) return RecoveryEnd::kByRetry;
      ++attempts;
      attempt_day = day;
    }
    if (dice(random) < hazards.cancels(day, action.access, messaged)) {
      return RecoveryEnd::kCancelled;
    }
  }
  return RecoveryEnd::kOpen;
}

TEST(RecoveryCurve, SumsToOneOnEveryDay) {
  std::printf("seed %d\n", kSeed);
  std::mt19937 random(kSeed);
  for (int round = 0; round < 200; ++round) {
    const RecoveryCurve curve =
        Follow(RandomHazards(random), RandomActions(random), {});
    double ended = 0;
    for (int day = 1; day <= kUnpaidDays; ++day) {
      const RecoveryDay& on = curve[static_cast<std::size_t>(day)];
      ended += on.by_user + on.by_retry + on.cancelled;
      ASSERT_NEAR(ended + on.open, 1, 1e-12);
    }
  }
}

TEST(RecoveryCurve, IsWhatManyLivesWithDiceGive) {
  std::mt19937 random(kSeed + 1);
  const HazardTable hazards = RandomHazards(random);
  const DayActions actions = RandomActions(random);
  const RecoveryCurve curve = Follow(hazards, actions, {});
  constexpr int kLives = 200'000;
  double lived[4] = {};
  double day_sum = 0;
  for (int life = 0; life < kLives; ++life) {
    int day = 0;
    ++lived[static_cast<int>(Live(hazards, actions, random, day))];
    day_sum += day;
  }
  double told[4] = {curve.back().open}, told_days = 0;
  for (int day = 1; day <= kUnpaidDays; ++day) {
    const RecoveryDay& on = curve[static_cast<std::size_t>(day)];
    told[1] += on.by_user;
    told[2] += on.by_retry;
    told[3] += on.cancelled;
    told_days += day * (on.by_user + on.by_retry + on.cancelled);
  }
  told_days += (kUnpaidDays + 1) * curve.back().open;
  for (int end = 0; end < 4; ++end) {
    EXPECT_NEAR(lived[end] / kLives, told[end], 5 * std::sqrt(0.25 / kLives));
  }
  EXPECT_NEAR(day_sum / kLives, told_days, 0.2);
}

TEST(RecoveryCurve, GoesOnFromWhatWasDone) {
  std::mt19937 random(kSeed + 2);
  const HazardTable hazards = RandomHazards(random);
  const DayActions actions = RandomActions(random);
  const RecoveryCurve whole = Follow(hazards, actions, {});
  UnpaidPast past;
  for (int day = 1; day < kUnpaidDays; ++day) {
    past.day = day;
    if (actions[static_cast<std::size_t>(day)].attempts) {
      ++past.attempts;
      past.last_attempt_day = day;
    }
    if (actions[static_cast<std::size_t>(day)].messages) {
      past.last_message_day = day;
    }
    const RecoveryCurve rest = Follow(hazards, actions, past);
    const double open = whole[static_cast<std::size_t>(day)].open;
    EXPECT_EQ(rest[static_cast<std::size_t>(day)].open, 1);
    for (int later = day + 1; later <= kUnpaidDays; ++later) {
      EXPECT_NEAR(rest[static_cast<std::size_t>(later)].by_retry * open,
                  whole[static_cast<std::size_t>(later)].by_retry, 1e-12);
      EXPECT_NEAR(rest[static_cast<std::size_t>(later)].open * open,
                  whole[static_cast<std::size_t>(later)].open, 1e-12);
    }
  }
}

}  // namespace
}  // namespace tenuto
