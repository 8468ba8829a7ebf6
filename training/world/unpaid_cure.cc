#include "training/world/unpaid_cure.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "model/grace/unpaid_day.h"

namespace tenuto::world {
namespace {

// Days on which a store tries again by itself.
constexpr std::array<int, 18> kStoreDays = {1,  2,  3,  5,  7,  10, 13, 16, 20,
                                            24, 28, 32, 36, 40, 45, 50, 55, 60};

// Accounts that ran empty and that nobody fills again.
constexpr double kAbandoned = 0.15;

// Share of a short cycle after which the money is gone: uniform below 0.8
// after a short cycle, between 0.35 and 1 otherwise.
double LastsOf(bool was_short, double uniform) {
  return was_short ? 0.8 * uniform : 0.35 + 0.65 * uniform;
}
double OutAgain(double share) { return std::min(share / 0.8, 1.0); }
double OutAnew(double share) {
  return std::clamp((share - 0.35) / 0.65, 0.0, 1.0);
}

std::uint64_t FromDay(int day) {
  return day > kUnpaidDays ? 0 : ~std::uint64_t{0} << day;
}

// A moment in the cycles after the failure, as known beforehand: the cycle of
// the failure, number 0, was short.
struct CycleView {
  double is_short = 1;  // P(this cycle is a short one),
  double is_out = 1;    // and its money is gone by this day.
};

int CycleOf(const Cure& cure, int day) {
  return day < cure.payday_in ? 0
                              : 1 + (day - cure.payday_in) / cure.cycle_days;
}

// `before` is P(the cycle `steps` earlier was short).
CycleView ViewOn(const Cure& cure, double before, int steps, int day) {
  double last = before;
  for (int k = 1; k < steps; ++k) {
    last = last * cure.short_again + (1 - last) * cure.short_anew;
  }
  const double share =
      static_cast<double>((day - cure.payday_in) % cure.cycle_days) /
      cure.cycle_days;
  const double again = last * cure.short_again;
  const double anew = (1 - last) * cure.short_anew;
  return {again + anew, again * OutAgain(share) + anew * OutAnew(share)};
}

// What attempts that failed tell of an account, cycle after cycle.
struct Evidence {
  double failed = 1;        // P(all of them failed | somebody fills it).
  double is_short = 1;      // P(the newest cycle is short | they failed),
  double is_out = 1;        // and its money is gone.
  double out_before = 0;    // P(gone at the first attempt in it) before that.
  double short_before = 1;  // P(the cycle before it was short).
};

// Attempts on last_day and, if spacing > 0, each so many days before it.
Evidence EvidenceOf(const Cure& cure, int spacing, int last_day, double whim) {
  Evidence evidence;
  const int last_cycle = CycleOf(cure, last_day);
  for (int cycle = 1; cycle <= last_cycle; ++cycle) {
    const int begin = cure.payday_in + (cycle - 1) * cure.cycle_days;
    const int end = std::min(last_day, begin + cure.cycle_days - 1);
    int tries = cycle == last_cycle ? 1 : 0;
    int first = last_day;
    if (spacing > 0) {
      // Whole steps back from the last attempt to the first one in the cycle.
      first = last_day - (last_day - begin) / spacing * spacing;
      tries = first > end ? 0 : 1 + (end - first) / spacing;
    }
    const double before = evidence.is_short;
    if (tries == 0) {
      evidence.is_short = ViewOn(cure, before, 1, begin).is_short;
      continue;
    }
    const CycleView view = ViewOn(cure, before, 1, first);
    const double missed = tries == 1 ? whim : 0;
    const double failed = view.is_out + (1 - view.is_out) * missed;
    evidence.short_before = before;
    evidence.out_before = view.is_out;
    evidence.failed *= failed;
    evidence.is_out = failed > 0 ? view.is_out / failed : 1;
    evidence.is_short =
        failed > 0
            ? (view.is_out + (view.is_short - view.is_out) * missed) / failed
            : 1;
  }
  return evidence;
}

double FundsChance(const Cure& cure, int sure_day, int last_day, int day,
                   double whim) {
  const int cycle = CycleOf(cure, day);
  if (cycle == 0) return 0;
  const int last_cycle = CycleOf(cure, last_day);
  const Evidence evidence =
      EvidenceOf(cure, sure_day > 0 ? last_day - sure_day : 0, last_day, whim);
  const double filled = (1 - cure.for_ever) * evidence.failed;
  const double is_filled = filled > 0 ? filled / (filled + cure.for_ever) : 0;
  if (cycle > last_cycle) {
    const int steps = cycle - last_cycle;
    return is_filled * (1 - ViewOn(cure, evidence.is_short, steps, day).is_out);
  }
  if (evidence.out_before >= 1) return 0;
  const CycleView now = ViewOn(cure, evidence.short_before, 1, day);
  return is_filled * (1 - evidence.is_out) * (1 - now.is_out) /
         (1 - evidence.out_before);
}

std::uint64_t FundedDays(const Cure& cure, Draws& draws) {
  std::uint64_t days = 0;
  if (draws.Chance(cure.for_ever)) return days;
  bool was_short = true;
  for (int begin = cure.payday_in; begin <= kUnpaidDays;
       begin += cure.cycle_days) {
    const bool is_short =
        draws.Chance(was_short ? cure.short_again : cure.short_anew);
    const double lasts = is_short ? LastsOf(was_short, draws.Uniform()) : 1;
    const int end =
        begin + static_cast<int>(std::ceil(lasts * cure.cycle_days));
    days |= FromDay(begin) & ~FromDay(end);
    was_short = is_short;
  }
  return days;
}

// For ever, and days on average otherwise.
struct Block {
  double for_ever;
  double mean_days;
};
Block BlockOf(DeclineCause cause, bool has_token) {
  switch (cause) {
    case DeclineCause::kHold:
      return {0.5, 5};
    case DeclineCause::kExpiredCard:
      // Networks tell merchants new numbers, and wallets hold tokens.
      return has_token ? Block{0.3, 12} : Block{0.75, 20};
    case DeclineCause::kTechnical:
      return {0.03, 0.7};
    case DeclineCause::kIssuerOutage:
      return {0, 0};  // Outages are looked up by day.
    default:
      return {1, 0};
  }
}

}  // namespace

Cure CureOf(const Traits& traits, DeclineCause cause, int payday_in) {
  Cure cure;
  if (cause == DeclineCause::kInsufficientFunds) {
    const int payday =
        Markets()[static_cast<std::size_t>(traits.market)].payday;
    cure.by_payday = true;
    cure.for_ever = kAbandoned;
    cure.payday_in = payday_in;
    cure.cycle_days = payday == 0 ? 14 : 30;
    cure.short_again = 0.5 + 0.5 * traits.short_cycle_share;
    cure.short_anew = 0.5 * traits.short_cycle_share;
    return cure;
  }
  const Block block =
      BlockOf(cause, traits.method_kind == v1::PAYMENT_METHOD_KIND_WALLET);
  cure.for_ever = block.for_ever;
  cure.mean_days = block.mean_days;
  return cure;
}

std::uint64_t StoreRetryDays() {
  std::uint64_t days = 0;
  for (const int day : kStoreDays) days |= std::uint64_t{1} << day;
  return days;
}

double BlockedChance(const Cure& cure, int day) {
  if (day <= 0) return 1;
  if (cure.mean_days <= 0) return cure.for_ever;
  return cure.for_ever + (1 - cure.for_ever) * std::exp(-day / cure.mean_days);
}

std::uint64_t CuredDays(const Cure& cure, Draws draws) {
  constexpr std::uint64_t kPlanned =
      ((std::uint64_t{2} << kUnpaidDays) - 1) & ~std::uint64_t{1};
  if (cure.by_payday) return FundedDays(cure, draws) & kPlanned;
  const bool for_ever = draws.Chance(cure.for_ever);
  const double lasts =
      cure.mean_days > 0 ? draws.Exponential(cure.mean_days) : 0.0;
  if (for_ever || lasts >= kUnpaidDays) return 0;
  return FromDay(std::max(1, static_cast<int>(std::ceil(lasts)))) & kPlanned;
}

double CureChance(const Cure& cure, int sure_day, int last_day, int day,
                  double whim) {
  if (cure.by_payday) return FundsChance(cure, sure_day, last_day, day, whim);
  const double then = BlockedChance(cure, last_day);
  const double cured = BlockedChance(cure, sure_day) - then;
  const double failed = then + cured * whim;
  return failed > 0 ? 1 - BlockedChance(cure, day) / failed : 1;
}

}  // namespace tenuto::world
