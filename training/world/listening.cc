#include "training/world/listening.h"

#include <algorithm>
#include <vector>

#include "training/world/session.h"

namespace tenuto::world {
namespace {

constexpr std::int64_t kHourMs = 3'600'000;
constexpr std::int64_t kPauseMs = 300'000;  // Between sessions, at least.

v1::Page DrawPage(bool considering, bool is_free, Draws& draws) {
  const double which = draws.Uniform();
  if (considering) {
    if (which < 0.3) return v1::PAGE_CANCEL;
    if (which < 0.5) return v1::PAGE_DOWNGRADE;
    if (which < 0.7) return v1::PAGE_HELP;
    return which < 0.85 ? v1::PAGE_SETTINGS : v1::PAGE_BILLING;
  }
  if (is_free && which < 0.3) return v1::PAGE_UPGRADE;
  if (which < 0.5) return v1::PAGE_HELP;
  if (which < 0.8) return v1::PAGE_SETTINGS;
  if (which < 0.86) return v1::PAGE_SAVE_SETTINGS;
  if (which < 0.9) return v1::PAGE_DOWNGRADE;
  return which < 0.92 ? v1::PAGE_CANCEL : v1::PAGE_ABOUT;
}

void WriteSupport(const Hidden& hidden, std::int64_t ms, Draws& draws,
                  Diary& diary) {
  v1::SupportContact& contact = *diary.Add(ms).mutable_support_contact();
  const double channel = draws.Uniform();
  contact.set_channel(channel < 0.6   ? v1::SUPPORT_CHANNEL_CHAT
                      : channel < 0.9 ? v1::SUPPORT_CHANNEL_EMAIL
                                      : v1::SUPPORT_CHANNEL_PHONE);
  if (hidden.payments.is_failing) {
    contact.set_topic(v1::SUPPORT_TOPIC_BILLING);
  } else if (hidden.interest.quality_days > 0) {
    contact.set_topic(v1::SUPPORT_TOPIC_TECHNICAL);
  } else if (hidden.intention == Intention::kConsidering && draws.Chance(0.5)) {
    contact.set_topic(v1::SUPPORT_TOPIC_CANCEL);
  } else {
    contact.set_topic(v1::SUPPORT_TOPIC_CONTENT);
  }
}

}  // namespace

Listening::Listening(const Calendar& calendar) : calendar_(&calendar) {
  for (int rhythm = 0; rhythm < 4; ++rhythm) {
    for (int weekend = 0; weekend < 2; ++weekend) {
      auto& sums = hours_[static_cast<std::size_t>(rhythm)]
                         [static_cast<std::size_t>(weekend)];
      double sum = 0;
      for (int hour = 0; hour < 24; ++hour) {
        sum += HourWeight(static_cast<Rhythm>(rhythm), weekend == 1, hour);
        sums[static_cast<std::size_t>(hour)] = sum;
      }
      for (double& value : sums) value /= sum;
    }
  }
}

std::int64_t Listening::DrawMoment(const Traits& traits, int day,
                                   Draws& draws) const {
  const auto& sums = hours_[static_cast<std::size_t>(traits.rhythm)]
                           [calendar_->IsWeekend(day) ? 1 : 0];
  const double u = draws.Uniform();
  const auto local_hour =
      std::lower_bound(sums.begin(), sums.end() - 1, u) - sums.begin();
  const std::int64_t local_ms =
      local_hour * kHourMs +
      static_cast<std::int64_t>(draws.Uniform() * kHourMs);
  const std::int64_t offset_ms =
      std::int64_t{1000} * calendar_->OffsetOf(traits.market, day);
  return (local_ms - offset_ms + kDayMs) % kDayMs;
}

bool Listening::Write(const Person& person, int day, std::int64_t from_ms,
                      const Luck& luck, Diary& diary) const {
  const Behaviour behaviour =
      BehaviourOf(person.traits, person.hidden, calendar_->IsWeekend(day),
                  person.hidden.payments.AccessOn(day));
  Draws draws = luck.On(day, Purpose::kListening);
  WriteVisits(person, day, from_ms, behaviour, draws, diary);
  if (!draws.Chance(behaviour.active)) return false;

  std::vector<std::int64_t> starts(
      static_cast<std::size_t>(1 + draws.Poisson(behaviour.sessions_more)));
  for (std::int64_t& start : starts) {
    start = std::max(DrawMoment(person.traits, day, draws), from_ms);
  }
  std::sort(starts.begin(), starts.end());
  int number = 0;
  std::int64_t free_from = from_ms;
  for (const std::int64_t start : starts) {
    const std::int64_t begin = std::max(start, free_from);
    if (begin >= kListeningEndMs) break;
    free_from =
        WriteSession(person, behaviour, {day, ++number, begin}, draws, diary) +
        kPauseMs;
  }
  return number > 0;
}

void Listening::WriteVisits(const Person& person, int day, std::int64_t from_ms,
                            const Behaviour& behaviour, Draws& draws,
                            Diary& diary) const {
  const Hidden& hidden = person.hidden;
  const bool considering = hidden.intention == Intention::kConsidering;
  const bool is_free = hidden.subscription.plan == v1::PLAN_FREE;
  const auto moment = [&] {
    return std::clamp(DrawMoment(person.traits, day, draws), from_ms,
                      kListeningEndMs);
  };
  if (draws.Chance(behaviour.page_visit)) {
    std::int64_t ms = moment();
    for (int pages = 1 + draws.Poisson(0.7); pages > 0; --pages) {
      diary.Add(ms).mutable_page_view()->set_page(
          DrawPage(considering, is_free, draws));
      ms = std::min(ms + 20'000, kListeningEndMs);
    }
  }
  if (draws.Chance(behaviour.support)) {
    WriteSupport(hidden, moment(), draws, diary);
  }
}

}  // namespace tenuto::world
