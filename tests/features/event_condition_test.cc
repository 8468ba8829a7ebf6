#include "features/event_condition.h"

#include <string>

#include "features/base/textproto.h"
#include "gtest/gtest.h"
#include "tenuto/v1/event.pb.h"

namespace tenuto {
namespace {

v1::Condition Declared(absl::string_view text) {
  v1::Condition condition;
  EXPECT_TRUE(ParseTextproto("condition", text, condition).ok());
  return condition;
}

bool Holds(absl::string_view declaration, const v1::Event& event) {
  const std::string bytes = event.SerializeAsString();
  EventView view;
  EXPECT_TRUE(view.Parse(bytes));
  const auto condition =
      EventCondition::Compile("playback", Declared(declaration));
  EXPECT_TRUE(condition.ok()) << condition.status();
  return condition->Holds(view);
}

v1::Event Playback() {
  v1::Event event;
  event.mutable_event_time()->set_seconds(1'700'000'000);  // 22:13 UTC
  event.set_plan(v1::PLAN_FREE);
  event.mutable_playback()->set_ms_played(30'000);
  event.mutable_playback()->set_device(v1::DEVICE_CAR);
  event.mutable_playback()->set_track_id("t1");
  return event;
}

TEST(EventCondition, HoldsWhereTheFieldIsOneOfTheValues) {
  EXPECT_TRUE(
      Holds("field: 'device' equals: ['DEVICE_TV', 'DEVICE_CAR']", Playback()));
  EXPECT_FALSE(Holds("field: 'device' equals: 'DEVICE_TV'", Playback()));
  EXPECT_TRUE(Holds("field: 'track_id' equals: 't1'", Playback()));
  EXPECT_FALSE(Holds("field: 'track_id' equals: 't'", Playback()));
  EXPECT_TRUE(Holds("field: 'event.plan' equals: 'PLAN_FREE'", Playback()));
}

TEST(EventCondition, HoldsInsideARangeWithBothEnds) {
  EXPECT_TRUE(Holds("field: 'ms_played' min: 30000 max: 30000", Playback()));
  EXPECT_FALSE(Holds("field: 'ms_played' min: 30001 max: 90000", Playback()));
  EXPECT_FALSE(Holds("field: 'ms_played' max: 29999", Playback()));
  EXPECT_TRUE(Holds("field: 'event.hour' min: 22 max: 23", Playback()));
}

TEST(EventCondition, TakesAnAbsentFieldAsItsDefault) {
  EXPECT_TRUE(Holds("field: 'skipped' equals: 'false'", Playback()));
  EXPECT_FALSE(Holds("field: 'skipped' equals: 'true'", Playback()));
  EXPECT_TRUE(Holds("field: 'artist_id' equals: ''", Playback()));
}

TEST(EventCondition, RefusesWhatThePayloadDoesNotHave) {
  for (const char* wrong :
       {"field: 'no_such' equals: '1'", "equals: '1'",
        "field: 'device' equals: 'DEVICE_BOAT'",
        "field: 'ms_played' min: 2 max: 1", "field: 'track_id' max: 5"}) {
    EXPECT_EQ(
        EventCondition::Compile("playback", Declared(wrong)).status().code(),
        absl::StatusCode::kInvalidArgument)
        << wrong;
  }
}

}  // namespace
}  // namespace tenuto
