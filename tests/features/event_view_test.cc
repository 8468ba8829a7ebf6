#include "features/event_view.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"
#include "tenuto/v1/event.pb.h"
#include "tests/support/random_events.h"

namespace tenuto {
namespace {

using google::protobuf::FieldDescriptor;
using testing::Draws;
using testing::RandomEvents;

constexpr std::int64_t kStartUs = 1'700'000'000'000'000;

v1::Event PlaybackAt(std::int64_t seconds, int nanos = 0) {
  v1::Event event;
  event.mutable_event_time()->set_seconds(seconds);
  event.mutable_event_time()->set_nanos(nanos);
  event.mutable_playback()->set_ms_played(5);
  return event;
}

void ExpectSameField(const EventView& view, const google::protobuf::Message& m,
                     const FieldDescriptor& field) {
  const auto& in = *m.GetReflection();
  SCOPED_TRACE(field.full_name());
  const FieldSlot slot = field.number();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      EXPECT_EQ(std::string(view.text(slot)), in.GetString(m, &field));
      break;
    case FieldDescriptor::CPPTYPE_INT64:
      EXPECT_EQ(view.number(slot), in.GetInt64(m, &field));
      break;
    case FieldDescriptor::CPPTYPE_BOOL:
      EXPECT_EQ(view.number(slot), in.GetBool(m, &field));
      break;
    case FieldDescriptor::CPPTYPE_ENUM:
      EXPECT_EQ(view.number(slot), in.GetEnumValue(m, &field));
      break;
    default:
      return;
  }
  EXPECT_EQ(view.has(slot), in.HasField(m, &field));
}

void ExpectSame(const EventView& view, const v1::Event& event) {
  EXPECT_EQ(view.time_us(), event.event_time().seconds() * 1'000'000 +
                                event.event_time().nanos() / 1000);
  EXPECT_EQ(view.sequence(), event.sequence());
  EXPECT_EQ(view.payload(), static_cast<int>(event.payload_case()));
  EXPECT_EQ(view.number(kEnvelopePlan), event.plan());
  EXPECT_EQ(view.number(kEnvelopeRegistered),
            event.registered_time().seconds());
  EXPECT_EQ(view.has(kEnvelopeRegistered), event.has_registered_time());
  EXPECT_EQ(std::string(view.text(kEnvelopeSession)), event.session_id());
  EXPECT_EQ(view.number(kEnvelopeTime), event.event_time().seconds());
  EXPECT_EQ(view.number(kEnvelopeHour),
            event.event_time().seconds() % 86'400 / 3600);
  const auto* payload =
      v1::Event::descriptor()->FindFieldByNumber(event.payload_case());
  const auto& message = event.GetReflection()->GetMessage(event, payload);
  for (int k = 0; k < payload->message_type()->field_count(); ++k) {
    const FieldDescriptor& field = *payload->message_type()->field(k);
    if (!field.is_repeated()) ExpectSameField(view, message, field);
  }
}

TEST(EventView, TellsThePayloadWithoutParsingTheRest) {
  RandomEvents random(7, kStartUs, 30);
  EventView view;
  for (const GatedEvent& event : random.Life(testing::TestUser(1), 500)) {
    ASSERT_TRUE(view.Parse(event.event));
    ASSERT_EQ(PayloadOf(event.event), view.payload());
  }
  // Of several the last counts, for both.
  v1::Event one = PlaybackAt(1'700'000'000);
  v1::Event other;
  other.mutable_cancelled();
  const std::string both = one.SerializeAsString() + other.SerializeAsString();
  ASSERT_TRUE(view.Parse(both));
  EXPECT_EQ(PayloadOf(both), view.payload());
  EXPECT_EQ(PayloadOf(both), v1::Event::kCancelledFieldNumber);
  EXPECT_EQ(PayloadOf(""), 0);
}

TEST(EventView, SeesWhatTheMessageSees) {
  RandomEvents random(1, kStartUs, 90);
  EventView view;  // One for all: nothing of an event stays for the next.
  for (int k = 0; k < 5000; ++k) {
    SCOPED_TRACE(absl::StrCat("seed 1, event ", k));
    const v1::Event event = k % 2 ? random.Absurd() : random.Plausible();
    const std::string bytes = event.SerializeAsString();
    ASSERT_TRUE(view.Parse(bytes));
    ExpectSame(view, event);
    if (HasFailure()) return;
  }
}

TEST(EventView, RefusesWhatIsNoEvent) {
  EventView view;
  EXPECT_FALSE(view.Parse(""));
  v1::Event event = PlaybackAt(1'700'000'000);
  event.clear_payload();
  EXPECT_FALSE(view.Parse(event.SerializeAsString())) << "no payload";
  event = PlaybackAt(1'700'000'000);
  event.clear_event_time();
  EXPECT_FALSE(view.Parse(event.SerializeAsString())) << "no time";
  EXPECT_FALSE(view.Parse(PlaybackAt(253'402'300'800).SerializeAsString()));
  EXPECT_FALSE(view.Parse(PlaybackAt(-62'135'596'801).SerializeAsString()));
  EXPECT_FALSE(view.Parse(PlaybackAt(0, -1).SerializeAsString()));
  EXPECT_FALSE(view.Parse(PlaybackAt(0, 1'000'000'000).SerializeAsString()));
}

TEST(EventView, ReadsTimesBeforeTheEpoch) {
  EventView view;
  const std::string bytes = PlaybackAt(-1, 999'999'000).SerializeAsString();
  ASSERT_TRUE(view.Parse(bytes));
  EXPECT_EQ(view.time_us(), -1);
  EXPECT_EQ(view.number(kEnvelopeTime), -1);
  EXPECT_EQ(view.number(kEnvelopeHour), 23);
}

TEST(EventView, TakesTheLastOfSeveralPayloads) {
  v1::Event search;
  search.mutable_search()->set_clicked(true);
  const std::string bytes = PlaybackAt(1'700'000'000).SerializeAsString() +
                            search.SerializeAsString();
  EventView view;
  ASSERT_TRUE(view.Parse(bytes));
  EXPECT_EQ(view.payload(), v1::Event::kSearch);
  EXPECT_FALSE(view.has(v1::Playback::kMsPlayedFieldNumber));
}

TEST(EventView, KeepsNoTextOfTheEventBefore) {
  EventView view;
  {
    v1::Event event = PlaybackAt(1'700'000'000);
    event.mutable_playback()->set_track_id(std::string(200, 'x'));
    const std::string bytes = event.SerializeAsString();
    ASSERT_TRUE(view.Parse(bytes));
  }
  // Field 1 of the playback as a number, which no producer can write.
  const v1::Event event = PlaybackAt(1'700'000'000);
  std::string bytes = event.SerializeAsString();
  bytes.append("\xa2\x01\x02\x08\x07", 5);
  ASSERT_TRUE(view.Parse(bytes));
  EXPECT_EQ(view.text(v1::Playback::kTrackIdFieldNumber), "");
}

TEST(EventView, SurvivesTruncationAndGarbage) {
  RandomEvents random(2, kStartUs, 90);
  Draws& draws = random.draws();
  EventView view;
  std::size_t read = 0;
  const auto look = [&](const std::string& bytes) {
    if (!view.Parse(bytes)) return;
    for (int slot = 1; slot < kFieldSlots; ++slot) {
      read += view.text(slot).size() + (view.number(slot) != 0);
      EXPECT_LE(view.text(slot).size(), bytes.size());
    }
    EXPECT_LT(view.payload(), 128);
  };
  for (int k = 0; k < 400; ++k) {
    const std::string bytes = random.Absurd().SerializeAsString();
    for (std::size_t size = 0; size < bytes.size(); size += 1 + size / 40) {
      look(bytes.substr(0, size));
    }
    for (int flips = 0; flips < 50; ++flips) {
      std::string damaged = bytes;
      damaged[draws.Next() % damaged.size()] ^=
          static_cast<char>(1 << draws.Between(0, 7));
      look(damaged);
    }
    look(draws.Bytes(static_cast<int>(draws.Between(0, 64))));
  }
  EXPECT_GT(read, 0u);
}

TEST(EventView, FindsFieldsByTheirCatalogueNames) {
  EXPECT_EQ(FindField("playback", "ms_played")->slot,
            v1::Playback::kMsPlayedFieldNumber);
  EXPECT_TRUE(FindField("playback", "track_id")->is_text);
  EXPECT_EQ(FindField("playback", "event.hour")->slot, kEnvelopeHour);
  EXPECT_TRUE(FindField("search", "event.session_id")->is_text);
  for (const auto& [event, field] : {std::pair{"playback", "ms_plaid"},
                                     {"plaiback", "ms_played"},
                                     {"event_id", "x"},
                                     {"decision_made", "considered"},
                                     {"decision_made", "propensity"},
                                     {"playback", "event.user_id"}}) {
    EXPECT_FALSE(FindField(event, field).ok()) << event << " " << field;
  }
  EXPECT_EQ(*FindPayload("renewed"), v1::Event::kRenewed);
  EXPECT_FALSE(FindPayload("plan").ok());
}

TEST(EventView, FindsNumbersByName) {
  EXPECT_EQ(*FindNumber("playback", "device", "DEVICE_CAR"), v1::DEVICE_CAR);
  EXPECT_EQ(*FindNumber("playback", "event.plan", "PLAN_FREE"), v1::PLAN_FREE);
  EXPECT_EQ(*FindNumber("playback", "skipped", "true"), 1);
  EXPECT_EQ(*FindNumber("playback", "ms_played", "-3"), -3);
  const auto wrong = FindNumber("playback", "device", "DEVICE_BOAT");
  EXPECT_EQ(wrong.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(wrong.status().message().find("DEVICE_BOAT"), std::string::npos);
}

}  // namespace
}  // namespace tenuto
