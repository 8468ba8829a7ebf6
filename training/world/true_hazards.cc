// The oracle's side of failed_payment.h: hazards and values in closed form.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "training/world/failed_payment.h"
#include "training/world/payments.h"

namespace tenuto::world {
namespace {

constexpr int kMonthsCounted = 12;
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

double CollectChance(const FailedPayment& failure, int sure_day, int last_day,
                     int day) {
  const double whim = WhimOn(failure, std::max(last_day, 2));
  return (1 - WhimOn(failure, day)) *
         CureChance(failure.cure, sure_day, last_day, day, whim);
}

void FillRetries(const FailedPayment& failure, HazardTable& hazards) {
  for (int day = 1; day <= kUnpaidDays; ++day) {
    const auto only_first =
        static_cast<float>(CollectChance(failure, 0, 0, day));
    for (int gap = 0; gap < HazardTable::kGaps; ++gap) {
      const int days = HazardTable::GapOf(gap);
      const int last = day - days;
      hazards.by_retry(day, 0, gap) = only_first;
      for (int count = 1; count < HazardTable::kCounts; ++count) {
        // The attempt before the last one: the failure itself, or as long
        // before it as this one is after it.
        const int sure = count == 1 ? 0 : std::max(0, last - days);
        hazards.by_retry(day, count, gap) =
            last <= 0
                ? only_first
                : static_cast<float>(CollectChance(failure, sure, last, day));
      }
    }
  }
}

}  // namespace

void FailureWorld::TrueHazards(const FailedPayment& failure,
                               HazardTable& hazards) const {
  hazards = HazardTable();
  const FeltPath path = PathOf(failure);
  std::array<float, 6> share;  // At the upper point, by access and message.
  share.fill(0.5F);
  std::array<float, 3> lost{};  // By access, if it was so from the first day.
  float annoyance = 0;          // By a message every kMessageDays.
  int last_store_day = 0;
  int sure_store_day = 0;
  for (int day = 1; day <= kUnpaidDays; ++day) {
    const auto k = static_cast<std::size_t>(day);
    float by_store = 0;
    if (failure.by_store() && ((StoreRetryDays() >> day) & 1) != 0) {
      by_store = static_cast<float>(
          CollectChance(failure, sure_store_day, last_store_day, day));
      sure_store_day = last_store_day;
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
        // Two points of the spread. Who cares less leaves and does not pay:
        // of those still open, the shares of both change.
        float& caring = share[2 * static_cast<std::size_t>(access) + messaged];
        const UnpaidChances low = ChancesWhileUnpaid(
            failure.unpaid, variant_, mean - path.sd[k], day, access, messaged);
        const UnpaidChances high = ChancesWhileUnpaid(
            failure.unpaid, variant_, mean + path.sd[k], day, access, messaged);
        const float pays = caring * high.pays + (1 - caring) * low.pays;
        const float cancels =
            caring * high.cancels + (1 - caring) * low.cancels;
        const float stay_high = caring * (1 - high.pays) * (1 - high.cancels);
        const float stay_low =
            (1 - caring) * (1 - low.pays) * (1 - low.cancels);
        caring = 0.5F + static_cast<float>(1 - kInterestPull) *
                            (stay_high / (stay_high + stay_low) - 0.5F);
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
  // Convexity: E e^(-1.25 x) of x with sd 0.67 is that of a mean 0.28 lower;
  // competitors and bad days take 0.13 off the level, and slowly off home.
  constexpr double kFirst = 0.15;
  constexpr double kSecond = 0.40;
  constexpr double kLater = 0.56;
  const Interest& interest = failure.interest;
  const double lost =
      std::min(kLostOfFailed * MixOf(failure.traits, variant_).total(), 0.3);
  const double passed = std::pow(1 - kInterestPull, state.day);
  const double gap = (interest.level - interest.home) * passed -
                     state.lost_interest - state.annoyance -
                     interest.annoyance * passed;
  const double home = 0.5 * (interest.home + failure.traits.home_interest);
  // Mean share of the gap that is left in the first, second month.
  const double first = MonthKept(failure, home + 0.625 * gap - kFirst, lost);
  const double second = MonthKept(failure, home + 0.21 * gap - kSecond, lost);
  const double later = MonthKept(failure, home - kLater, lost);
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
