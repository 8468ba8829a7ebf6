#include "training/world/behaviour.h"

#include "gtest/gtest.h"
#include "tests/training/world/collector.h"

namespace tenuto::world {
namespace {

Behaviour At(double level, Intention intention = Intention::kContented) {
  Person person = Subscriber(TestCalendar(1));
  person.hidden.interest = {};
  person.hidden.interest.level = level;
  person.hidden.intention = intention;
  return BehaviourOf(person.traits, person.hidden, false);
}

TEST(Behaviour, FadesWithInterestInEveryWay) {
  for (double level = -2; level < 2; level += 0.5) {
    const Behaviour less = At(level);
    const Behaviour more = At(level + 0.5);
    EXPECT_LT(less.active, more.active);
    EXPECT_LT(less.sessions_more, more.sessions_more);
    EXPECT_LE(less.tracks_more, more.tracks_more);
    EXPECT_GT(less.skip, more.skip);
    EXPECT_LT(less.explore, more.explore);
    EXPECT_LT(less.thumbs_up, more.thumbs_up);
    EXPECT_GT(less.thumbs_down, more.thumbs_down);
    EXPECT_LT(less.playlist_add, more.playlist_add);
    EXPECT_LT(less.searches, more.searches);
    EXPECT_LT(less.friend_add, more.friend_add);
  }
}

TEST(Behaviour, OfDoubtIsToVisitAccountPagesAndAskForHelp) {
  EXPECT_GT(At(0, Intention::kConsidering).page_visit, 4 * At(0).page_visit);
  EXPECT_GT(At(0, Intention::kConsidering).support, 4 * At(0).support);
}

TEST(Behaviour, MeetsProblemsOnDaysOfBadQuality) {
  Person person = Subscriber(TestCalendar(1));
  const Behaviour good = BehaviourOf(person.traits, person.hidden, false);
  person.hidden.interest.quality_days = 3;
  const Behaviour bad = BehaviourOf(person.traits, person.hidden, false);
  EXPECT_GT(bad.quality_problem, 3 * good.quality_problem);
}

TEST(Behaviour, KeepsItsWeekends) {
  Person person = Subscriber(TestCalendar(1));
  person.traits.weekend_logit = 1;
  EXPECT_GT(BehaviourOf(person.traits, person.hidden, true).active,
            BehaviourOf(person.traits, person.hidden, false).active);
}

TEST(Behaviour, IsMadeOfChancesEvenAtTheEnds) {
  for (const double level : {-50.0, 50.0}) {
    const Behaviour b = At(level, Intention::kConsidering);
    EXPECT_LT(b.thumbs_up + b.thumbs_down + b.playlist_add, 1);
    EXPECT_LE(b.active, 1);
    EXPECT_LE(b.quality_problem, 1);
    EXPECT_LT(b.tracks_more, 200);
  }
}

}  // namespace
}  // namespace tenuto::world
