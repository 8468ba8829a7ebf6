// What D-calibration says of forecasts that are the world's own truth, for
// payments that a randomised house collected: nothing. Attempts, access and
// messages are chosen by chance after the failure, subscribers leave for the
// reasons for which they do not pay, and issuers fail for many at once; none of
// it may look like a wrong forecast.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "gtest/gtest.h"
#include "training/grace/survival_measures.h"
#include "training/world/decline_cause.h"
#include "training/world/failed_payment.h"
#include "training/world/house_dunning.h"

namespace tenuto {
namespace {

constexpr int kWorlds = 60;
constexpr std::uint64_t kPayments = 1'000;

// What may be known of a payment on each day, day after day: chances are those
// of the hidden state as it is then, and of an attempt given all that failed.
class LivedPayment {
 public:
  LivedPayment(const world::FailureWorld& world,
               const world::FailedPayment& failure)
      : failure_(failure),
        plan_(world::PlanFor(
            world::DunningRules(), world.See(failure).store, false,
            world::Draws(failure.number, 0, 0, world::Purpose::kPractice))) {
    for (std::uint64_t k = 0; k < kCures; ++k) {
      cures_.push_back(world::CuredDays(
          failure.cure,
          world::Draws(failure.number, k, 1, world::Purpose::kPractice)));
    }
    failed_.assign(kCures, 1);
    const world::FailureLuck luck = world.LuckOf(failure);
    world::UnpaidState state = world.Begin(failure);
    for (int day = 1; day <= kUnpaidDays && state.is_open(); ++day) {
      open_.push_back(open_.back() * (1 - Recovers(luck, state, day)));
      world.Advance(failure, luck, ActionOf(day), state);
    }
    outcome_ = {state.day, state.end == RecoveryEnd::kByUser ||
                               state.end == RecoveryEnd::kByRetry};
  }

  const SurvivalOutcome& outcome() const { return outcome_; }
  // Up to the day of the outcome.
  const Survival& open() const { return open_; }

 private:
  static constexpr std::uint64_t kCures = 400;

  DayAction ActionOf(int day) const {
    return {.access = plan_.AccessOn(day),
            .attempts = world::HasDay(plan_.attempt_days, day),
            .messages = world::HasDay(plan_.message_days, day)};
  }

  // On a day that begins in `state`.
  double Recovers(const world::FailureLuck& luck,
                  const world::UnpaidState& state, int day) {
    const DayAction action = ActionOf(day);
    float annoyance = state.annoyance;
    if (action.messages) {
      annoyance += world::AnnoyanceOfMessage(failure_.unpaid, {});
    }
    const world::UnpaidChances chances =
        world::ChancesWhileUnpaid(failure_.unpaid, {},
                                  luck.felt[static_cast<std::size_t>(day)] -
                                      state.lost_interest - annoyance,
                                  day, action.access, plan_.IsMessaged(day));
    const bool tried = failure_.by_store()
                           ? world::HasDay(world::StoreRetryDays(), day)
                           : action.attempts;
    return 1 - (1 - double{chances.pays}) * (1 - (tried ? Collects(day) : 0));
  }

  double Collects(int day) {
    double collected = 0, all = 0;
    for (std::size_t k = 0; k < kCures; ++k) {
      const double share =
          world::HasDay(cures_[k], day) ? failed_[k] * (1 - kWhim) : 0;
      all += failed_[k];
      collected += share;
      failed_[k] -= share;
    }
    return all > 0 ? collected / all : 0;
  }

  // That an attempt fails whatever the card; an issuer that is out is out for
  // days, which is left out here.
  static constexpr double kWhim =
      1 - (1 - world::kWhimChance) *
              (1 - world::kOutageChance * (1 + world::kOutageLasts));

  const world::FailedPayment& failure_;
  const world::DunningPlan plan_;
  std::vector<std::uint64_t> cures_;
  std::vector<double> failed_;  // P(every attempt failed | cured so).
  SurvivalOutcome outcome_;
  Survival open_ = {1};
};

// The hazard, `bent` times what it is.
std::vector<double> SortedPs(double bent) {
  std::vector<double> all;
  for (std::uint64_t seed = 1; seed <= kWorlds; ++seed) {
    const auto world = world::FailureWorld::Create(seed, {});
    std::vector<SurvivalOutcome> outcomes;
    std::vector<Survival> forecasts;
    for (std::uint64_t number = 0; number < kPayments; ++number) {
      const world::FailedPayment failure = world->Make(number);
      const LivedPayment lived(*world, failure);
      outcomes.push_back(lived.outcome());
      forecasts.push_back(lived.open());
      for (double& open : forecasts.back()) open = std::pow(open, bent);
    }
    all.push_back(CheckDCalibration(outcomes, forecasts).strict.p);
  }
  std::sort(all.begin(), all.end());
  const auto below = std::lower_bound(all.begin(), all.end(), 0.05);
  std::printf(
      "hazard bent by %.2f: p below 0.05 in %d of %d worlds of %d "
      "payments, median %.2f\n",
      bent, static_cast<int>(below - all.begin()), kWorlds,
      static_cast<int>(kPayments), all[kWorlds / 2]);
  return all;
}

TEST(TrueForecasts, AreDCalibratedUnderARandomisedHouse) {
  const std::vector<double> all = SortedPs(1);
  double distance = 0;  // Kolmogorov and Smirnov's.
  for (int k = 0; k < kWorlds; ++k) {
    const double p = all[static_cast<std::size_t>(k)];
    distance = std::max({distance, p - static_cast<double>(k) / kWorlds,
                         static_cast<double>(k + 1) / kWorlds - p});
  }
  EXPECT_LT(distance, 1.63 / std::sqrt(kWorlds)) << "that of p = 0.01";
}

TEST(TrueForecasts, AreToldFromThoseThatAreOff) {
  EXPECT_LT(SortedPs(1.2)[kWorlds / 2], 0.01);
}

}  // namespace
}  // namespace tenuto
