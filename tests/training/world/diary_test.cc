#include "training/world/diary.h"

#include <set>

#include "gtest/gtest.h"

namespace tenuto::world {
namespace {

Diary::Page SomePage() {
  return {7, 3, 1'700'000'000, 1'600'000'000, v1::PLAN_FREE};
}

TEST(Diary, OrdersEventsByTimeWhateverTheOrderOfWriting) {
  Diary diary(255);
  diary.Begin(SomePage());
  diary.Add(5'000).mutable_search();
  diary.Add(1'500).mutable_page_view();
  diary.Add(5'000).mutable_playback();
  const auto events = diary.Finish();
  ASSERT_EQ(events.size(), 3u);
  EXPECT_TRUE(events[0]->has_page_view());
  EXPECT_TRUE(events[1]->has_search());
  EXPECT_TRUE(events[2]->has_playback());
  EXPECT_EQ(events[0]->event_time().seconds(), 1'700'000'001);
  EXPECT_EQ(events[0]->event_time().nanos(), 500'000'000);
  EXPECT_LT(events[1]->sequence(), events[2]->sequence());
}

TEST(Diary, StatesThePlanAfterEachEvent) {
  Diary diary(1);
  diary.Begin(SomePage());
  diary.Add(30).mutable_search();
  diary.AddChange(20, v1::PLAN_PREMIUM).mutable_subscription_started();
  diary.Add(10).mutable_search();
  diary.AddChange(40, v1::PLAN_NONE).mutable_cancelled();
  const auto events = diary.Finish();
  EXPECT_EQ(events[0]->plan(), v1::PLAN_FREE);
  EXPECT_EQ(events[1]->plan(), v1::PLAN_PREMIUM);
  EXPECT_EQ(events[2]->plan(), v1::PLAN_PREMIUM);
  EXPECT_EQ(events[3]->plan(), v1::PLAN_NONE);
}

TEST(Diary, FillsTheEnvelopeWithIdsThatAreNeverUsedTwice) {
  std::set<std::string> ids;
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    Diary diary(seed);
    for (std::uint64_t user = 1; user <= 12; ++user) {
      for (int day = 0; day < 12; ++day) {
        Diary::Page page = SomePage();
        page.user = user;
        page.day = day;
        diary.Begin(page);
        for (int k = 0; k < 12; ++k) diary.Add(k).mutable_search();
        for (const v1::Event* event : diary.Finish()) {
          EXPECT_TRUE(ids.insert(event->event_id()).second);
          EXPECT_EQ(event->registered_time().seconds(), 1'600'000'000);
        }
      }
    }
  }
}

TEST(Diary, KeepsEventsWithinTheDay) {
  Diary diary(1);
  diary.Begin(SomePage());
  diary.Add(-5).mutable_search();
  diary.Add(kDayMs + 5).mutable_search();
  const auto events = diary.Finish();
  EXPECT_EQ(events[0]->event_time().seconds(), 1'700'000'000);
  EXPECT_EQ(events[1]->event_time().seconds(), 1'700'000'000 + 86'399);
}

TEST(Diary, KnowsItsLatestMomentAndForgetsThePageBefore) {
  Diary diary(1);
  diary.Begin(SomePage());
  diary.Add(9'000).mutable_search();
  EXPECT_EQ(diary.LatestMs(100), 9'000);
  EXPECT_EQ(diary.LatestMs(10'000), 10'000);
  diary.Begin(SomePage());
  EXPECT_EQ(diary.size(), 0);
  EXPECT_TRUE(diary.Finish().empty());
}

}  // namespace
}  // namespace tenuto::world
