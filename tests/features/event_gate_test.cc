#include "features/event_gate.h"

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "features/event_view.h"
#include "gtest/gtest.h"
#include "tests/support/random_events.h"

namespace tenuto {
namespace {

constexpr std::int64_t kNow = 1'700'000'000;

v1::Event Good() {
  v1::Event event;
  event.set_event_id("e1");
  event.set_user_id("anna");
  event.mutable_event_time()->set_seconds(kNow);
  event.mutable_playback()->set_ms_played(1000);
  return event;
}

class EventGateTest : public ::testing::Test {
 protected:
  // The reason of the refusal; "" if admitted.
  std::string ReasonOf(v1::Event event) {
    const auto wrong = gate_.Admit(event, absl::FromUnixSeconds(kNow), gated_);
    if (!wrong) return "";
    EXPECT_FALSE(wrong->message.empty());
    return wrong->reason;
  }
  std::string ReasonAfter(const std::function<void(v1::Event&)>& change) {
    v1::Event event = Good();
    change(event);
    return ReasonOf(std::move(event));
  }

  const UserKeys keys_ = UserKeys::FromSecret("secret");
  const EventGate gate_{keys_};
  GatedEvent gated_;
};

TEST_F(EventGateTest, TellsTheTimeOrNumberThatWasWrong) {
  const auto message = [this](v1::Event event) {
    const auto wrong = gate_.Admit(event, absl::FromUnixSeconds(kNow), gated_);
    return wrong ? wrong->message : "";
  };
  v1::Event event = Good();
  event.mutable_playback()->set_ms_played(-5);
  EXPECT_EQ(message(event), "ms_played is -5, not in 0-86400000");
  event = Good();
  event.mutable_event_time()->set_seconds(5);
  EXPECT_EQ(message(event), "event_time 1970-01-01T00:00:05Z is before 1990");
  event = Good();
  event.mutable_playback()->set_track_id(std::string(300, 'x'));
  EXPECT_EQ(message(event), "track_id has 300 bytes, more than 256");
}

TEST_F(EventGateTest, LetsAnOrdinaryEventInWithoutItsIds) {
  EXPECT_EQ(ReasonOf(Good()), "");
  EXPECT_EQ(gated_.user, keys_.Of("anna"));
  EXPECT_NE(gated_.event_hash, 0u);
  v1::Event stored;
  ASSERT_TRUE(stored.ParseFromString(gated_.event));
  v1::Event expected = Good();
  expected.clear_event_id();
  expected.clear_user_id();
  EXPECT_EQ(stored.SerializeAsString(), expected.SerializeAsString());
}

TEST_F(EventGateTest, RefusesEachWrongEventForItsReason) {
  using E = v1::Event&;
  const auto limit = std::numeric_limits<std::int64_t>::max();
  const std::vector<std::pair<std::string, std::function<void(E)>>> table = {
      {"EMPTY_USER_ID", [](E e) { e.clear_user_id(); }},
      {"EMPTY_EVENT_ID", [](E e) { e.clear_event_id(); }},
      {"TEXT_TOO_LONG", [](E e) { e.set_user_id(std::string(129, 'u')); }},
      {"TEXT_TOO_LONG", [](E e) { e.set_event_id(std::string(129, 'e')); }},
      {"TEXT_TOO_LONG", [](E e) { e.set_session_id(std::string(129, 's')); }},
      {"TEXT_TOO_LONG",
       [](E e) { e.mutable_playback()->set_track_id(std::string(257, 't')); }},
      {"BAD_TIME", [](E e) { e.clear_event_time(); }},
      {"BAD_TIME", [](E e) { e.mutable_event_time()->set_nanos(-1); }},
      {"BAD_TIME", [=](E e) { e.mutable_event_time()->set_seconds(limit); }},
      {"BAD_TIME", [=](E e) { e.mutable_event_time()->set_seconds(-limit); }},
      {"BAD_TIME",
       [](E e) { e.mutable_event_time()->set_seconds(631'151'999); }},
      {"BAD_TIME",
       [=](E e) { e.mutable_registered_time()->set_seconds(limit); }},
      {"FUTURE", [](E e) { e.mutable_event_time()->set_seconds(kNow + 301); }},
      {"NO_PAYLOAD", [](E e) { e.clear_payload(); }},
      {"NOT_FOR_PRODUCERS", [](E e) { e.mutable_decision_made(); }},
      {"NOT_FOR_PRODUCERS", [](E e) { e.mutable_grace_planned(); }},
      {"UNKNOWN_VALUE", [](E e) { e.set_plan(static_cast<v1::Plan>(9)); }},
      {"UNKNOWN_VALUE",
       [](E e) {
         e.mutable_playback()->set_device(static_cast<v1::Device>(99));
       }},
      {"UNKNOWN_VALUE", [](E e) { e.mutable_consent_changed(); }},
      {"UNKNOWN_VALUE",
       [](E e) {
         e.mutable_consent_changed()->set_consent(v1::CONSENT_GRANTED);
       }},
      {"BAD_NUMBER", [](E e) { e.mutable_playback()->set_ms_played(-1); }},
      {"BAD_NUMBER",
       [](E e) { e.mutable_playback()->set_ms_played(86'400'001); }},
      {"BAD_NUMBER",
       [](E e) { e.mutable_search()->set_result_count(1'000'000'000'001); }},
      {"BAD_CURRENCY",
       [](E e) { e.mutable_payment_attempted()->set_amount_minor(1); }},
      {"BAD_CURRENCY", [](E e) { e.mutable_renewed()->set_price_minor(1); }},
      {"BAD_CURRENCY", [](E e) { e.mutable_refunded()->set_currency("sek"); }},
      {"BAD_CURRENCY", [](E e) { e.mutable_refunded()->set_currency("SEKK"); }},
  };
  for (std::size_t k = 0; k < table.size(); ++k) {
    EXPECT_EQ(ReasonAfter(table[k].second), table[k].first) << "line " << k;
  }
}

TEST_F(EventGateTest, LetsTheLimitsThemselvesIn) {
  using E = v1::Event&;
  const std::vector<std::function<void(E)>> table = {
      [](E e) { e.set_user_id(std::string(128, 'u')); },
      [](E e) { e.mutable_playback()->set_track_id(std::string(256, 't')); },
      [](E e) { e.mutable_event_time()->set_seconds(kNow + 300); },
      [](E e) { e.mutable_event_time()->set_seconds(631'152'000); },
      [](E e) { e.mutable_playback()->set_ms_played(86'400'000); },
      [](E e) { e.mutable_search()->set_result_count(1'000'000'000'000); },
      [](E e) { e.mutable_payment_attempted(); },
  };
  for (std::size_t k = 0; k < table.size(); ++k) {
    EXPECT_EQ(ReasonAfter(table[k]), "") << "line " << k;
  }
}

TEST_F(EventGateTest, TakesOnlyIanaNamesForTimeZones) {
  const auto reason = [&](const std::string& zone) {
    return ReasonAfter([&](v1::Event& event) {
      event.mutable_time_zone_changed()->set_time_zone(zone);
    });
  };
  for (const char* zone : {"Europe/Stockholm", "America/Argentina/Ushuaia",
                           "Etc/GMT+5", "America/Port-au-Prince"}) {
    EXPECT_EQ(reason(zone), "") << zone;
  }
  for (const char* zone :
       {"", "Mars/Olympus", "localtime", "/etc/localtime", "Fixed/UTC+01:00:00",
        "../zoneinfo/Europe/Paris", "Europe/../Asia/Tokyo", "libc:localtime"}) {
    EXPECT_EQ(reason(zone), "UNKNOWN_TIME_ZONE") << zone;
  }
}

TEST_F(EventGateTest, NamesFieldsAndNeverTheirContent) {
  v1::Event event = Good();
  event.mutable_playback()->set_track_id("private" + std::string(300, 't'));
  const auto wrong = gate_.Admit(event, absl::FromUnixSeconds(kNow), gated_);
  ASSERT_TRUE(wrong);
  EXPECT_NE(wrong->message.find("track_id"), std::string::npos);
  EXPECT_EQ(wrong->message.find("private"), std::string::npos);
}

TEST_F(EventGateTest, DropsFieldsThatItDoesNotKnow) {
  v1::Event event = Good();
  event.GetReflection()->MutableUnknownFields(&event)->AddVarint(90, 1);
  ASSERT_EQ(ReasonOf(event), "");
  EXPECT_EQ(gated_.event.find("\xd0\x05"), std::string::npos);
}

TEST_F(EventGateTest, AdmitsOnlyWhatTheViewCanRead) {
  testing::RandomEvents random(5, kNow * 1'000'000 - 90 * 86'400'000'000, 90);
  int admitted = 0;
  for (int k = 0; k < 5000; ++k) {
    if (!ReasonOf(random.Absurd()).empty()) continue;
    ++admitted;
    EventView view;
    ASSERT_TRUE(view.Parse(gated_.event)) << "seed 5, event " << k;
  }
  EXPECT_GT(admitted, 500);
  EXPECT_LT(admitted, 4500);
}

TEST_F(EventGateTest, HashesEqualIdsEquallyAndOthersOtherwise) {
  ReasonOf(Good());
  const std::uint64_t hash = gated_.event_hash;
  ReasonAfter([](v1::Event& e) { e.mutable_search(); });
  EXPECT_EQ(gated_.event_hash, hash) << "whatever the rest says";
  ReasonAfter([](v1::Event& e) { e.set_event_id("e2"); });
  EXPECT_NE(gated_.event_hash, hash);
}

}  // namespace
}  // namespace tenuto
