#include "training/world/session.h"

#include "gtest/gtest.h"
#include "tests/training/world/collector.h"

namespace tenuto::world {
namespace {

struct Written {
  std::vector<v1::Event> events;
  std::int64_t end_ms = 0;
};

Written Write(Person person, const Behaviour& behaviour, std::uint64_t luck,
              std::int64_t start_ms = 1'000'000) {
  Diary diary(1);
  diary.Begin({person.traits.user, 0, 0, 0, person.hidden.subscription.plan});
  Draws draws(luck, 1, 0, Purpose::kListening);
  Written written;
  written.end_ms =
      WriteSession(person, behaviour, {4, 2, start_ms}, draws, diary);
  for (const v1::Event* event : diary.Finish())
    written.events.push_back(*event);
  return written;
}

Behaviour Keen() {
  Behaviour b;
  b.tracks_more = 12;
  b.thumbs_up = b.playlist_add = 0.2;
  b.skip = 0.3;
  b.searches = 1;
  return b;
}

TEST(Session, BeginsAndEndsAndHasOneIdThroughout) {
  const Person person = Subscriber(TestCalendar(1));
  for (std::uint64_t luck = 0; luck < 50; ++luck) {
    const Written session = Write(person, Keen(), luck);
    EXPECT_EQ(session.events.front().session().phase(),
              v1::SESSION_PHASE_START);
    EXPECT_EQ(session.events.back().session().phase(), v1::SESSION_PHASE_END);
    EXPECT_EQ(session.events.back().session().ms_open(),
              session.end_ms - 1'000'000);
    for (const v1::Event& event : session.events) {
      EXPECT_EQ(event.session_id(), "s4-2");
    }
  }
}

TEST(Session, PlaysOneTrackAfterTheOther) {
  const Written session = Write(Subscriber(TestCalendar(1)), Keen(), 3);
  std::int64_t free_from_ms = 0;
  int plays = 0;
  for (const v1::Event& event : session.events) {
    if (!event.has_playback()) continue;
    ++plays;
    const std::int64_t ms = event.event_time().seconds() * 1000 +
                            event.event_time().nanos() / 1'000'000;
    EXPECT_GE(ms, free_from_ms);
    free_from_ms = ms + event.playback().ms_played();
    EXPECT_EQ(event.playback().skipped(),
              event.playback().ms_played() < 40'000);
  }
  EXPECT_GT(plays, 0);
}

TEST(Session, ShowsAdvertisingToTheFreePlanOnly) {
  Person person = Subscriber(TestCalendar(1));
  int paid_ads = 0;
  int free_ads = 0;
  for (std::uint64_t luck = 0; luck < 50; ++luck) {
    person.hidden.subscription.plan = v1::PLAN_PREMIUM;
    for (const auto& e : Write(person, Keen(), luck).events) {
      paid_ads += e.has_ad_impression();
    }
    person.hidden.subscription.plan = v1::PLAN_FREE;
    for (const auto& e : Write(person, Keen(), luck).events) {
      free_ads += e.has_ad_impression();
    }
  }
  EXPECT_EQ(paid_ads, 0);
  EXPECT_GT(free_ads, 50);
}

TEST(Session, LeavesTheLastMinutesOfTheDayFree) {
  const Person person = Subscriber(TestCalendar(1));
  for (std::uint64_t luck = 0; luck < 50; ++luck) {
    const Written session =
        Write(person, Keen(), luck, kListeningEndMs - 30'000);
    EXPECT_LE(session.end_ms, kListeningEndMs + 120'000);
  }
}

}  // namespace
}  // namespace tenuto::world
