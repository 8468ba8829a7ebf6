#include "training/world/failed_payment.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "features/base/status_macros.h"
#include "training/world/payments.h"

namespace tenuto::world {
namespace {

constexpr int kYearDays = kFailureDays;
constexpr absl::CivilDay kFirstDay(2025, 1, 1);
// People who are looked at for one failure; the last one is taken.
constexpr std::uint64_t kCandidates = 256;
// An invoice is not likelier to fail than this, for the fair choice of people.
constexpr double kLikeliest = 0.4;
constexpr int kTenureMax = 3'500;
float FloatOf(std::uint32_t bits) {
  return (static_cast<float>(bits >> 8) + 0.5F) * 0x1p-24F;
}

bool HasBit(std::uint64_t days, int day) { return ((days >> day) & 1) != 0; }

DeclineCause DrawCause(const FailureMix& mix, Draws& draws) {
  double left = draws.Uniform() * mix.total();
  for (std::size_t k = 1; k < mix.chance.size(); ++k) {
    if ((left -= mix.chance[k]) < 0) return static_cast<DeclineCause>(k);
  }
  return DeclineCause::kInsufficientFunds;
}

// How far before the next payday somebody is who has just been found short.
int DrawDaysToPayday(const Traits& traits, int cycle_days, Draws& draws) {
  const double share = traits.short_cycle_share;
  const double again = share * (0.5 + 0.5 * share) * 0.6;
  const double anew = (1 - share) * 0.5 * share * 0.325;
  const bool was_short = draws.Chance(again / (again + anew));
  // The longer the hole, the more invoices fall into it.
  double hole = 0;
  do {
    hole = was_short ? 1 - 0.8 * draws.Uniform() : 0.65 * draws.Uniform();
  } while (!draws.Chance(hole));
  const int days =
      std::max(1, static_cast<int>(std::lround(hole * cycle_days)));
  return 1 + draws.Below(days);
}

}  // namespace

absl::StatusOr<FailureWorld> FailureWorld::Create(std::uint64_t seed,
                                                  const WorldVariant& variant) {
  TENUTO_ASSIGN_OR_RETURN(
      Calendar calendar,
      Calendar::Create(kFirstDay, 2 * kYearDays + kUnpaidDays));
  return FailureWorld(seed, variant, std::move(calendar));
}

FailureWorld::FailureWorld(std::uint64_t seed, WorldVariant variant,
                           Calendar calendar)
    : seed_(SplitSeed(seed, 1)),
      variant_(std::move(variant)),
      calendar_(std::move(calendar)) {
  for (int issuer = 0; issuer < kIssuers; ++issuer) {
    for (int day = 0; day < kYearDays; ++day) {
      std::uint64_t out = 0;
      for (int k = 0; k <= kUnpaidDays; ++k) {
        if (IsIssuerOut(seed_, issuer, day + k)) out |= std::uint64_t{1} << k;
      }
      outages_.push_back(out);
    }
  }
}

FailedPayment FailureWorld::Make(std::uint64_t number) const {
  FailedPayment failure;
  failure.number = number;
  FailureMix mix;
  for (std::uint64_t k = 0; k < kCandidates; ++k) {
    const std::uint64_t user = number * kCandidates + k + 1;
    failure.traits = MakeTraits(seed_, user, kYearDays);
    Draws draws(seed_, user, 0, Purpose::kPlan);
    mix = MixOf(failure.traits, variant_);
    if (!draws.Chance(std::min(mix.total() / kLikeliest, 1.0))) continue;
    failure.interest = DrawInterest(failure.traits, draws);
    failure.tenure_days = std::min(
        kBillingDays *
            (1 + static_cast<int>(draws.Exponential(420) / kBillingDays)),
        kTenureMax);
    // Who did not care, or was short too often, has left in the meantime.
    const double years = failure.tenure_days / 365.0;
    const LeavingChances leaving = ChancesOfLeaving(
        failure.traits, failure.interest, failure.tenure_days, false);
    const double doubting = leaving.begin_considering /
                            (leaving.begin_considering +
                             leaving.leave_considering + leaving.calm_down);
    const double left =
        365 * (leaving.leave_contented + doubting * leaving.leave_considering) +
        12 * kLostOfFailed * mix.total();
    if (!draws.Chance(1 / (1 + years * left))) continue;
    failure.intention = draws.Chance(doubting) ? Intention::kConsidering
                                               : Intention::kContented;
    break;
  }
  DrawFailure(mix, failure);
  return failure;
}

void FailureWorld::DrawFailure(const FailureMix& mix,
                               FailedPayment& failure) const {
  const Traits& traits = failure.traits;
  Draws draws(seed_, failure.number, 1, Purpose::kPlan);
  const DeclineCause cause = DrawCause(mix, draws);
  failure.day = draws.Below(kYearDays);
  if (cause == DeclineCause::kInsufficientFunds) {
    const int payday =
        Markets()[static_cast<std::size_t>(traits.market)].payday;
    const int next =
        calendar_.PaydayAfter(failure.day, payday) + variant_.payday_shift_days;
    failure.day = next - DrawDaysToPayday(traits, payday == 0 ? 14 : 30, draws);
    if (failure.day < 0 || failure.day >= kYearDays) failure.day = next;
    failure.day = std::clamp(failure.day, 0, kYearDays - 1);
  } else if (cause == DeclineCause::kIssuerOutage) {
    for (int k = 0; k < kYearDays; ++k) {
      if ((OutagesFrom(traits.issuer, failure.day) & 1) != 0) break;
      failure.day = (failure.day + 1) % kYearDays;
    }
  }
  const int card_days = static_cast<int>(30.4 * kCardMonths);
  failure.card_age_days = std::min(draws.Below(card_days), failure.tenure_days);
  failure.days_to_expiry = cause == DeclineCause::kExpiredCard
                               ? -1 - draws.Below(kBillingDays)
                               : card_days - draws.Below(card_days);
  // Earlier ones were all recovered, or there would be nothing to renew.
  const int invoices = std::min(failure.tenure_days / kBillingDays, 12);
  for (int k = 1; k <= invoices; ++k) {
    if (!draws.Chance(mix.total())) continue;
    ++failure.earlier_failures;
    if (failure.days_since_failure < 0) {
      failure.days_since_failure = k * kBillingDays;
    }
  }
  failure.unpaid =
      UnpaidTraitsOf(traits, cause, failure.intention, failure.tenure_days);
  const int shift = variant_.payday_shift_days;
  const int payday = Markets()[static_cast<std::size_t>(traits.market)].payday;
  failure.cure = CureOf(
      traits, cause,
      calendar_.PaydayAfter(failure.day - shift, payday) + shift - failure.day);
}

FailureLuck FailureWorld::LuckOf(const FailedPayment& failure) const {
  FailureLuck luck;
  const Luck own = {seed_, failure.number * kCandidates + 1};
  Interest interest = failure.interest;
  Draws draws = own.On(failure.day, Purpose::kUnpaid);
  std::uint64_t whims = 0;
  luck.felt[0] = static_cast<float>(interest.felt());
  luck.pays[0] = luck.cancels[0] = 1;
  for (int day = 1; day <= kUnpaidDays; ++day) {
    AdvanceInterest(failure.traits, failure.day + day - 1, own, interest);
    const auto k = static_cast<std::size_t>(day);
    luck.felt[k] = static_cast<float>(interest.felt());
    const std::uint64_t bits = draws.Next();
    luck.pays[k] = FloatOf(static_cast<std::uint32_t>(bits));
    luck.cancels[k] = FloatOf(static_cast<std::uint32_t>(bits >> 32));
    if (draws.Chance(kWhimChance)) whims |= std::uint64_t{1} << day;
  }
  luck.collects = CuredDays(failure.cure, own.On(failure.day, Purpose::kCure)) &
                  ~whims & ~OutagesFrom(failure.traits.issuer, failure.day);
  luck.store_collects = luck.collects & StoreRetryDays();
  return luck;
}

void FailureWorld::Advance(const FailedPayment& failure,
                           const FailureLuck& luck, const DayAction& action,
                           UnpaidState& state) const {
  const int day = ++state.day;
  const auto k = static_cast<std::size_t>(day);
  if (action.messages) {
    state.last_message = day;
    state.annoyance += AnnoyanceOfMessage(failure.unpaid, variant_);
  }
  const UnpaidChances chances = ChancesWhileUnpaid(
      failure.unpaid, variant_,
      luck.felt[k] - state.lost_interest - state.annoyance, day, action.access,
      day - state.last_message < kMessageDays);
  const bool by_store = failure.by_store();
  if ((by_store && HasBit(luck.store_collects, day)) ||
      luck.pays[k] < chances.pays) {
    state.end = RecoveryEnd::kByUser;
    return;
  }
  if (action.attempts && !by_store) {
    ++state.attempts;
    if (HasBit(luck.collects, day)) {
      state.end = RecoveryEnd::kByRetry;
      return;
    }
  }
  if (luck.cancels[k] < chances.cancels) {
    state.end = RecoveryEnd::kCancelled;
    return;
  }
  state.lost_interest =
      state.lost_interest * (1 - static_cast<float>(kInterestPull)) +
      InterestLostOn(variant_, action.access);
  state.annoyance *= static_cast<float>(kAnnoyanceFading);
}

}  // namespace tenuto::world
