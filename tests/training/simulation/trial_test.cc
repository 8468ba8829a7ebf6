#include "training/simulation/trial.h"

#include <cmath>
#include <cstdio>

#include "gtest/gtest.h"
#include "training/simulation/event_counts.h"
#include "training/split_mix.h"
#include "training/world/failed_payment.h"

namespace tenuto {
namespace {

constexpr std::uint64_t kSeed = 11;

world::FailureWorld MakeWorld() {
  std::printf("seed %d\n", static_cast<int>(kSeed));
  auto world = world::FailureWorld::Create(kSeed, {});
  EXPECT_TRUE(world.ok());
  return *std::move(world);
}

WorldStakes Stakes() {
  WorldStakes stakes;
  stakes.stakes.access_day_minor = {0, 1, 10};
  stakes.stakes.attempt_minor = 5;
  stakes.stakes.message_minor = 2;
  stakes.stakes.message_goodwill_minor = 1;
  stakes.stakes.access_step_goodwill_minor = 7;
  stakes.stakes.recovery_minor.fill(2'000);
  stakes.month_margin_minor = 300;
  stakes.recovery_fee_minor = 25;
  return stakes;
}

TrialActions Actions(int full_days) {
  TrialActions trial;
  for (int day = 1; day <= kUnpaidDays; ++day) {
    DayAction& action = trial.actions[static_cast<std::size_t>(day)];
    action.access = day <= full_days ? Access::kFull : Access::kNone;
    action.attempts = day % 5 == 0 && day <= 30;
    action.messages = day % 10 == 1 && day <= 30;
  }
  return trial;
}

TEST(Trial, CostsWhatWasDoneAndIsWorthTheMonthsThatFollow) {
  const world::FailureWorld world = MakeWorld();
  int recovered = 0;
  for (std::uint64_t number = 0; number < 2'000; ++number) {
    const world::FailedPayment failure = world.Make(number);
    const TrialOutcome outcome = LiveThrough(
        world, failure, world.LuckOf(failure), Stakes(), Actions(14));
    double spent =
        10 * outcome.free_days + 5 * outcome.attempts + 3 * outcome.messages;
    // Whoever owed on day 15 lost access then: two steps.
    if (outcome.free_days == 14 &&
        (outcome.recovered_day == 0 || outcome.recovered_day > 14)) {
      const double steps = outcome.recovered_minor - spent - outcome.net_minor;
      EXPECT_TRUE(std::abs(steps - 14) < 1e-9 || std::abs(steps) < 1e-9);
      spent += steps;
    }
    EXPECT_NEAR(outcome.net_minor, outcome.recovered_minor - spent, 1e-9);
    EXPECT_EQ(outcome.recovered > 0, outcome.recovered_day > 0);
    if (outcome.recovered == 0) {
      EXPECT_EQ(outcome.recovered_minor, 0);
      continue;
    }
    ++recovered;
    EXPECT_GE(outcome.recovered_minor, 300 - 25 - 1e-9);
    EXPECT_LE(outcome.recovered_minor, 12 * 300 - 25 + 1e-9);
  }
  EXPECT_GT(recovered, 800);
}

TEST(Trial, EndsOnItsLastDay) {
  const world::FailureWorld world = MakeWorld();
  TrialActions trial = Actions(30);
  trial.last_day = 12;
  for (std::uint64_t number = 0; number < 500; ++number) {
    const world::FailedPayment failure = world.Make(number);
    const TrialOutcome outcome =
        LiveThrough(world, failure, world.LuckOf(failure), Stakes(), trial);
    EXPECT_LE(outcome.recovered_day, 12);
    EXPECT_LE(outcome.free_days, 12);
    EXPECT_LE(outcome.attempts, 2);
    EXPECT_LE(outcome.messages, 2);
  }
}

// The mean of lives with the true chances' expectations.
TEST(Trial, IsExpectedAsItIsLived) {
  const world::FailureWorld world = MakeWorld();
  constexpr int kPayments = 20'000;
  double lived = 0, expected = 0, lived_attempts = 0, expected_attempts = 0;
  HazardTable hazards;
  RecoveryCurve curve;
  for (std::uint64_t number = 0; number < kPayments; ++number) {
    const world::FailedPayment failure = world.Make(number);
    if (failure.by_store()) continue;
    world.TrueHazards(failure, hazards);
    const TrialOutcome outcome = LiveThrough(
        world, failure, world.LuckOf(failure), Stakes(), Actions(7));
    const TrialOutcome hoped =
        Expect(hazards, Stakes().stakes, Actions(7), curve);
    lived += outcome.recovered;
    expected += hoped.recovered;
    lived_attempts += outcome.attempts;
    expected_attempts += hoped.attempts;
  }
  EXPECT_NEAR(lived / kPayments, expected / kPayments, 0.015);
  EXPECT_NEAR(lived_attempts / expected_attempts, 1, 0.02);
}

// How far lives by the chances lie from what is expected of them.
TEST(Trial, KnowsHowFarWhatHappensMayBeFromWhatIsExpected) {
  const world::FailureWorld world = MakeWorld();
  const GraceStakes stakes = Stakes().stakes;
  const TrialActions trial = Actions(7);
  HazardTable hazards;
  world.TrueHazards(world.Make(3), hazards);
  RecoveryCurve curve;
  const TrialOutcome hoped = Expect(hazards, stakes, trial, curve);
  const EventDraw draw(curve);
  SplitMix64 random(kSeed);
  constexpr int kLives = 40'000;
  double recovered = 0, net = 0, net_squares = 0;
  struct {
    double sum = 0, squares = 0;
    void Add(double value) {
      sum += value / kLives;
      squares += value * value / kLives;
    }
    double variance() const { return squares - sum * sum; }
  } free_days, attempts, messages;
  for (int k = 0; k < kLives; ++k) {
    const auto [day, end] =
        draw.At(static_cast<double>(random.Next() >> 11) * 0x1p-53);
    const bool pays =
        end == RecoveryEnd::kByUser || end == RecoveryEnd::kByRetry;
    const bool is_open = end == RecoveryEnd::kOpen;
    recovered += pays;
    double worth = pays ? 2'000 : 0;
    if (day > 7) worth -= 14;  // Two steps down.
    int free = 0, tried = 0, told = 0;
    for (int d = 1; d <= day; ++d) {
      free += d <= 7 && (d < day || is_open);
      told += d % 10 == 1 && d <= 30;
      tried +=
          d % 5 == 0 && d <= 30 && (d < day || end != RecoveryEnd::kByUser);
    }
    worth -= 10 * free + 3 * told + 5 * tried;
    free_days.Add(free);
    attempts.Add(tried);
    messages.Add(told);
    net += worth / kLives;
    net_squares += worth * worth / kLives;
  }
  const double share = recovered / kLives;
  EXPECT_NEAR(hoped.recovered_variance, share * (1 - share), 0.01);
  EXPECT_NEAR(hoped.net_minor, net, 25);
  EXPECT_NEAR(hoped.net_variance / (net_squares - net * net), 1, 0.03);
  EXPECT_NEAR(hoped.free_days_variance / free_days.variance(), 1, 0.03);
  EXPECT_NEAR(hoped.attempts_variance / attempts.variance(), 1, 0.03);
  EXPECT_NEAR(hoped.messages_variance / messages.variance(), 1, 0.03);
  EXPECT_EQ(LiveThrough(world, world.Make(3), world.LuckOf(world.Make(3)),
                        Stakes(), trial)
                .net_variance,
            0);
}

}  // namespace
}  // namespace tenuto
