#include "training/world/listening.h"

#include <map>

#include "gtest/gtest.h"
#include "tests/training/world/collector.h"

namespace tenuto::world {
namespace {

TEST(Listening, KeepsTheHoursOfTheListenersTimeZone) {
  const Calendar calendar = TestCalendar(30);
  const Listening listening(calendar);
  Traits traits = MakeTraits(1, 1, 30);
  traits.rhythm = Rhythm::kOffice;
  for (std::size_t market = 0; market < Markets().size(); ++market) {
    traits.market = static_cast<int>(market);
    Draws draws(1, market, 0, Purpose::kListening);
    int by_day = 0;
    constexpr int kMoments = 2000;
    for (int k = 0; k < kMoments; ++k) {
      const std::int64_t ms = listening.DrawMoment(traits, 1, draws);
      ASSERT_GE(ms, 0);
      ASSERT_LT(ms, kDayMs);
      const std::int64_t local_h =
          (ms / 1000 + calendar.OffsetOf(traits.market, 1) + kDaySeconds) %
          kDaySeconds / 3600;
      by_day += local_h >= 8 && local_h < 18;
    }
    EXPECT_GT(by_day, kMoments * 3 / 4) << Markets()[market].time_zone;
  }
}

TEST(Listening, NeverHasTwoSessionsAtOnceNorAnyBeforeItMayBegin) {
  const Calendar calendar = TestCalendar(400);
  const Listening listening(calendar);
  Person person = Subscriber(calendar);
  person.traits.active_logit = 5;
  person.hidden.interest.level = 3;
  Diary diary(1);
  int sessions = 0;
  for (int day = 0; day < 300; ++day) {
    diary.Begin({1, day, calendar.StartOf(day), 0, v1::PLAN_PREMIUM});
    const std::int64_t from_ms = day % 2 == 0 ? 0 : kDayMs / 2;
    listening.Write(person, day, from_ms, {1, 1}, diary);
    bool is_open = false;
    for (const v1::Event* event : diary.Finish()) {
      EXPECT_GE(event->event_time().seconds(),
                calendar.StartOf(day) + from_ms / 1000);
      if (!event->has_session()) continue;
      const bool opens = event->session().phase() == v1::SESSION_PHASE_START;
      EXPECT_NE(opens, is_open);
      is_open = opens;
      sessions += opens;
    }
    EXPECT_FALSE(is_open);
  }
  EXPECT_GT(sessions, 300);
}

TEST(Listening, VisitsTheCancelPageMainlyInDoubt) {
  const Calendar calendar = TestCalendar(400);
  const Listening listening(calendar);
  Person person = Subscriber(calendar);
  std::map<Intention, int> visits;
  for (const Intention intention :
       {Intention::kContented, Intention::kConsidering}) {
    person.hidden.intention = intention;
    Diary diary(1);
    for (int day = 0; day < 400; ++day) {
      diary.Begin({1, day, calendar.StartOf(day), 0, v1::PLAN_PREMIUM});
      listening.Write(person, day, 0, {1, 1}, diary);
      for (const v1::Event* event : diary.Finish()) {
        visits[intention] += event->has_page_view() &&
                             event->page_view().page() == v1::PAGE_CANCEL;
      }
    }
  }
  EXPECT_GT(visits[Intention::kConsidering],
            10 * (visits[Intention::kContented] + 1));
}

}  // namespace
}  // namespace tenuto::world
