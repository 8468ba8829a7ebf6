// The oracle's side of failed_payment.h: hazards and values in closed form.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "training/world/failed_payment.h"

namespace tenuto::world {
namespace {

constexpr int kMonthsCounted = 12;
// Share of failures, whatever the policy, that end a subscription.
constexpr double kLostOfFailed = 0.35;
// Chance of an outage on the day after one: that it was its first day, and
// lasts.
constexpr double kOutAgain = kOutageLasts / (1 + kOutageLasts);

// Interest is near a normal distribution around its mean path.
struct FeltPath {
  std::array<float, kUnpaidDays + 1> mean;
  std::array<float, kUnpaidDays + 1> sd;
};

FeltPath PathOf(const FailedPayment& failure) {
  FeltPath path;
  const Interest& interest = failure.interest;
  const Traits& traits = failure.traits;
  // Competitors and bad days, on average over days; see interest.cc.
  const double bad_luck = 0.0028 * (0.6 + 0.9 * traits.price_sensitivity) +
                          0.0035 * traits.quality_proneness * 6 * 0.07;
  // Their jumps, and those of life, beside the noise of every day.
  const double variance =
      kInterestDailySd * kInterestDailySd + 0.0028 * 1.1 + 0.0025 * 0.81;
  double level = interest.level;
  double home = interest.home;
  double annoyance = interest.annoyance;
  double spread = 0;
  for (std::size_t day = 0; day <= kUnpaidDays; ++day) {
    path.mean[day] = static_cast<float>(level - annoyance);
    path.sd[day] = static_cast<float>(std::sqrt(spread));
    level += kInterestPull * (home - level) - bad_luck;
    home += 0.004 * (traits.home_interest - home) -
            0.5 * 0.0028 * (0.6 + 0.9 * traits.price_sensitivity);
    annoyance *= kAnnoyanceFading;
    spread = spread * (1 - kInterestPull) * (1 - kInterestPull) + variance;
  }
  return path;
}

// Chance that an attempt on `day` fails whatever the card.
double WhimOn(const FailedPayment& failure, int day) {
  const bool after_outage =
      day == 1 && failure.unpaid.cause == DeclineCause::kIssuerOutage;
  const double out =
      kOutageChance * (1 + kOutageLasts) + (after_outage ? kOutAgain : 0);
  return 1 - (1 - kWhimChance) * (1 - out);
}

double CollectChance(const FailedPayment& failure, int last_day, int day) {
  const double whim = WhimOn(failure, std::max(last_day, 2));
  return (1 - WhimOn(failure, day)) *
         CureChance(failure.cure, last_day, day, whim);
}

void FillRetries(const FailedPayment& failure, HazardTable& hazards) {
  for (int day = 1; day <= kUnpaidDays; ++day) {
    const auto only_first = static_cast<float>(CollectChance(failure, 0, day));
    for (int gap = 0; gap < HazardTable::kGaps; ++gap) {
      const int last = day - HazardTable::GapOf(gap);
      const float chance =
          last <= 0 ? only_first
                    : static_cast<float>(CollectChance(failure, last, day));
      hazards.by_retry(day, 0, gap) = only_first;
      for (int count = 1; count < HazardTable::kCounts; ++count) {
        hazards.by_retry(day, count, gap) = chance;
      }
    }
  }
}

}  // namespace

void FailureWorld::TrueHazards(const FailedPayment& failure,
                               HazardTable& hazards) const {
  hazards = HazardTable();
  const FeltPath path = PathOf(failure);
  std::array<float, 3> lost{};  // By access, if it was so from the first day.
  float annoyance = 0;          // By a message every kMessageDays.
  int last_store_day = 0;
  for (int day = 1; day <= kUnpaidDays; ++day) {
    const auto k = static_cast<std::size_t>(day);
    float by_store = 0;
    if (failure.by_store() && ((StoreRetryDays() >> day) & 1) != 0) {
      by_store =
          static_cast<float>(CollectChance(failure, last_store_day, day));
      last_store_day = day;
    }
    if ((day - 1) % kMessageDays == 0) {
      annoyance += AnnoyanceOfMessage(failure.unpaid, variant_);
    }
    for (const Access access :
         {Access::kNone, Access::kReduced, Access::kFull}) {
      float& fallen = lost[static_cast<std::size_t>(access)];
      for (const bool messaged : {false, true}) {
        const float mean = path.mean[k] - fallen - (messaged ? annoyance : 0);
        float pays = 0;
        float cancels = 0;
        for (const float sd : {-path.sd[k], path.sd[k]}) {
          const UnpaidChances chances = ChancesWhileUnpaid(
              failure.unpaid, variant_, mean + sd, day, access, messaged);
          pays += 0.5F * chances.pays;
          cancels += 0.5F * chances.cancels;
        }
        hazards.by_user(day, access, messaged) =
            1 - (1 - by_store) * (1 - pays);
        hazards.cancels(day, access, messaged) = cancels;
      }
      fallen = fallen * static_cast<float>(1 - kInterestPull) +
               InterestLostOn(variant_, access);
    }
    annoyance *= static_cast<float>(kAnnoyanceFading);
  }
  if (!failure.by_store()) FillRetries(failure, hazards);
}

namespace {

// P(still paying after 30 days of this interest); both intentions mixed as in
// the long run.
double MonthKept(const FailedPayment& failure, double felt, double lost) {
  Interest interest;
  interest.level = felt;
  const LeavingChances chances = ChancesOfLeaving(
      failure.traits, interest, failure.tenure_days + 180, false);
  const double acts = chances.leave_considering /
                      (chances.leave_considering + chances.calm_down);
  const double daily =
      chances.leave_contented + chances.begin_considering * acts;
  return std::exp(-kBillingDays * daily) * (1 - lost);
}

}  // namespace

double FailureWorld::PaidMonths(const FailedPayment& failure,
                                const UnpaidState& state) const {
  // Convexity: E e^(-1.25 x) of x with sd 0.61 is that of a mean 0.23 lower.
  constexpr double kSpread = 0.23;
  const Interest& interest = failure.interest;
  const double lost =
      std::min(kLostOfFailed * MixOf(failure.traits, variant_).total(), 0.3);
  const double passed = std::pow(1 - kInterestPull, state.day);
  const double gap = (interest.level - interest.home) * passed -
                     state.lost_interest - state.annoyance -
                     interest.annoyance * passed;
  const double home = 0.5 * (interest.home + failure.traits.home_interest);
  // Mean share of the gap that is left in the first, second month.
  const double first = MonthKept(failure, home + 0.625 * gap - 0.1, lost);
  const double second = MonthKept(failure, home + 0.21 * gap - kSpread, lost);
  const double later = MonthKept(failure, home - kSpread, lost);
  double kept = first;
  if (failure.intention == Intention::kConsidering) {
    Interest now;
    now.level = home + gap;
    const LeavingChances chances =
        ChancesOfLeaving(failure.traits, now, failure.tenure_days, false);
    kept *= chances.calm_down / (chances.leave_considering + chances.calm_down);
  }
  double months = 1 + kept;
  kept *= second;
  for (int month = 3; month <= kMonthsCounted; ++month) {
    months += kept;
    kept *= later;
  }
  return months;
}

}  // namespace tenuto::world
