#include "training/world/seen_failure.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "training/world/behaviour.h"
#include "training/world/decline_answer.h"
#include "training/world/failed_payment.h"

namespace tenuto::world {
namespace {

constexpr std::array<const char*, kSeenColumns> kNames = {
    "decline_code",
    "advice_code",
    "network",
    "method_kind",
    "store",
    "market",
    "device",
    "price_minor",
    "tenure_days",
    "account_days",
    "card_age_days",
    "days_to_expiry",
    "earlier_failures_12m",
    "days_since_failure",
    "weekday",
    "day_of_month",
    "month",
    "days_to_payday",
    "days_active_7d",
    "days_active_28d",
    "days_since_listening",
    "sessions_a_day_28d",
    "tracks_a_day_7d",
    "tracks_a_day_28d",
    "skips_a_track_28d",
    "likings_28d",
    "cancel_pages_28d",
    "problems_28d",
    "messages_permitted",
};

struct Column {
  SeenFailure& seen;
  std::size_t next = 0;
  void Add(double value) { seen.values[next++] = static_cast<float>(value); }
};

// Four weeks of listening before the failure, from the same behaviour as the
// world's, by counts instead of events.
struct Listened {
  int active_7d = 0;
  int active_28d = 0;
  int days_since = -1;
  double sessions = 0;
  double tracks_7d = 0;
  double tracks = 0;
  double skips = 0;
  double likings = 0;
  double cancel_pages = 0;
  double problems = 0;
};

// Normal near a Poisson of this mean.
double CountNear(double mean, Draws& draws) {
  return std::max(
      0.0, std::round(mean + std::sqrt(std::max(mean, 0.0)) * draws.Normal()));
}

Hidden HiddenOf(const FailedPayment& failure, double level) {
  Hidden hidden;
  hidden.interest = failure.interest;
  hidden.interest.level = level;
  hidden.intention = failure.intention;
  return hidden;
}

void AddWeeks(const FailedPayment& failure, double level, int weekday,
              int from_day, int to_day, Draws& draws, Listened& seen) {
  const Hidden hidden = HiddenOf(failure, level);
  const Behaviour week = BehaviourOf(failure.traits, hidden, false);
  const double weekend_active =
      BehaviourOf(failure.traits, hidden, true).active;
  int active = 0;
  for (int day = from_day; day <= to_day; ++day) {
    const bool is_weekend = (weekday - day % 7 + 7) % 7 >= 5;
    if (!draws.Chance(is_weekend ? weekend_active : week.active)) continue;
    ++active;
    if (seen.days_since < 0) seen.days_since = day;
  }
  const double sessions =
      active + CountNear(active * week.sessions_more, draws);
  const double tracks =
      sessions + CountNear(sessions * week.tracks_more, draws);
  const double skips = std::min(CountNear(tracks * week.skip, draws), tracks);
  if (to_day <= 7) {
    seen.active_7d = active;
    seen.tracks_7d = tracks;
  }
  seen.active_28d += active;
  seen.sessions += sessions;
  seen.tracks += tracks;
  seen.skips += skips;
  seen.likings +=
      CountNear(tracks * (week.thumbs_up + week.playlist_add), draws);
  seen.problems += CountNear(sessions * week.quality_problem, draws);
  const int days = to_day - from_day + 1;
  const double visits = draws.Poisson(days * week.page_visit);
  seen.cancel_pages += failure.intention == Intention::kConsidering
                           ? visits
                           : std::floor(0.5 * visits);
}

void AddListening(const FailedPayment& failure, const Listened& listened,
                  Column& columns) {
  const double none = std::numeric_limits<double>::quiet_NaN();
  // Behaviour may be used only where that was consented to.
  const bool may = failure.traits.consents_to_behaviour;
  const auto add = [&](double value) { columns.Add(may ? value : none); };
  add(listened.active_7d);
  add(listened.active_28d);
  add(listened.days_since < 0 ? none : listened.days_since);
  add(listened.sessions / 28);
  add(listened.tracks_7d / 7);
  add(listened.tracks / 28);
  add(listened.tracks > 0 ? listened.skips / listened.tracks : none);
  add(listened.likings);
  add(listened.cancel_pages);
  add(listened.problems);
}

}  // namespace

absl::Span<const char* const> SeenColumns() { return kNames; }

SeenFailure FailureWorld::See(const FailedPayment& failure) const {
  const Traits& traits = failure.traits;
  const Market& market = Markets()[static_cast<std::size_t>(traits.market)];
  const double none = std::numeric_limits<double>::quiet_NaN();
  Draws draws(seed_, failure.number, 0, Purpose::kSeen);
  SeenFailure seen;
  const DeclineAnswer answer =
      AnswerOf(failure.unpaid.cause, traits, failure.cure,
               Draws(seed_, failure.number, 0, Purpose::kAnswer));
  seen.decline_code = answer.decline_code;
  seen.advice_code = answer.advice_code;
  seen.network = NetworkOf(traits);
  seen.method_kind = traits.method_kind;
  seen.store = StoreOf(traits);
  seen.currency = market.currency;
  seen.time_zone = market.time_zone;
  seen.price_minor = market.price_minor;

  const absl::CivilDay date = calendar_.DateOf(failure.day);
  const int weekday = static_cast<int>(absl::GetWeekday(date));
  const bool has_card = traits.method_kind == v1::PAYMENT_METHOD_KIND_CARD ||
                        traits.method_kind == v1::PAYMENT_METHOD_KIND_WALLET;
  Column columns{seen};
  columns.Add(answer.decline_number);
  columns.Add(answer.advice_number);
  columns.Add(seen.network);
  columns.Add(traits.method_kind);
  columns.Add(seen.store);
  columns.Add(traits.market);
  columns.Add(traits.device);
  columns.Add(static_cast<double>(market.price_minor));
  columns.Add(failure.tenure_days);
  columns.Add(failure.tenure_days + 10.0 * static_cast<int>(traits.user % 7));
  columns.Add(has_card ? failure.card_age_days : none);
  columns.Add(has_card ? failure.days_to_expiry : none);
  columns.Add(failure.earlier_failures);
  columns.Add(failure.days_since_failure < 0 ? none
                                             : failure.days_since_failure);
  columns.Add(weekday);
  columns.Add(date.day());
  columns.Add(date.month());
  columns.Add(calendar_.PaydayAfter(failure.day, market.payday) - failure.day);

  Listened listened;
  const double before = failure.interest.level -
                        0.3 * (failure.interest.level - failure.interest.home) +
                        0.3 * draws.Normal();
  AddWeeks(failure, failure.interest.level, weekday, 1, 7, draws, listened);
  AddWeeks(failure, before, weekday, 8, 28, draws, listened);
  AddListening(failure, listened, columns);
  columns.Add(traits.consents_to_messages ? 1 : 0);
  return seen;
}

}  // namespace tenuto::world
