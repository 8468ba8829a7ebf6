#include "features/state_reader.h"

#include <array>
#include <cstdint>
#include <string>

#include "features/signal_fold.h"
#include "gtest/gtest.h"

namespace tenuto {
namespace {

constexpr std::int64_t kMidnight = 1'700'006'400;

class StateReaderTest : public ::testing::Test {
 protected:
  v1::Event At(std::int64_t seconds) {
    v1::Event event;
    event.mutable_event_time()->set_seconds(seconds);
    return event;
  }
  void Fold(const v1::Event& event) {
    const std::string bytes = event.SerializeAsString();
    EventView view;
    ASSERT_TRUE(view.Parse(bytes));
    fold_.Apply(view, 1, state_);
  }
  StateReader Reader() {
    std::string bytes;
    state_.Encode(bytes);
    return *StateReader::Open(Catalogue::Embedded(), bytes);
  }
  const SignalFold fold_{Catalogue::Embedded()};
  UserState state_{fold_.layout()};
};

TEST_F(StateReaderTest, KnowsNothingOfANewUser) {
  const StateReader reader = Reader();
  EXPECT_FALSE(reader.known());
  EXPECT_EQ(reader.plan(), v1::PLAN_UNSPECIFIED);
  EXPECT_EQ(reader.LastValue("plan"), std::nullopt);
  EXPECT_EQ(reader.LastTime("last_play"), std::nullopt);
  EXPECT_EQ(reader.LastText("time_zone"), "");
  EXPECT_EQ(reader.Total("total_tracks"), 0);
  EXPECT_TRUE(reader.Recent("recent_contacts").empty());
  EXPECT_TRUE(reader.Granted(v1::CONSENT_CLASS_CONTRACT));
  EXPECT_FALSE(reader.Granted(v1::CONSENT_CLASS_BEHAVIOUR));
  EXPECT_FALSE(reader.Granted(v1::CONSENT_CLASS_MESSAGES));
}

TEST_F(StateReaderTest, SaysWhetherAnythingItGaveMissesThePast) {
  const Catalogue& catalogue = Catalogue::Embedded();
  const PendingSignals pending(
      {catalogue.FindSignal("consent_messages")->declaration.id()});
  const StateReader reader = *StateReader::Open(catalogue, "", &pending);
  reader.plan();
  reader.LastText("time_zone");
  EXPECT_TRUE(reader.Granted(v1::CONSENT_CLASS_CONTRACT));
  EXPECT_FALSE(reader.read_pending());
  EXPECT_FALSE(reader.Granted(v1::CONSENT_CLASS_MESSAGES));
  EXPECT_TRUE(reader.read_pending());
}

TEST_F(StateReaderTest, TellsAPriceOfZeroFromAnUnknownOne) {
  v1::Event event = At(kMidnight);
  event.mutable_renewed()->set_price_minor(999);
  event.mutable_renewed()->set_currency("EUR");
  Fold(event);
  event = At(kMidnight + 1);
  event.mutable_renewed();
  Fold(event);
  EXPECT_EQ(Reader().LastValue("price_minor"), 999);
  event = At(kMidnight + 2);
  event.mutable_renewed()->set_price_minor(0);
  Fold(event);
  EXPECT_EQ(Reader().LastValue("price_minor"), 0);
  EXPECT_EQ(Reader().LastValueTime("price_minor"),
            absl::FromUnixSeconds(kMidnight + 2));
  EXPECT_EQ(Reader().LastValueTime("plan"), std::nullopt);
}

TEST_F(StateReaderTest, ReadsWhatWasFolded) {
  v1::Event event = At(kMidnight);
  event.set_plan(v1::PLAN_PREMIUM);
  event.mutable_playback();
  Fold(event);
  Fold(event);
  event = At(kMidnight + 86'400);
  event.mutable_playback();
  Fold(event);
  event = At(kMidnight);
  event.mutable_time_zone_changed()->set_time_zone("Asia/Tokyo");
  Fold(event);
  const StateReader reader = Reader();
  const int day = static_cast<int>(kMidnight / 86'400);
  EXPECT_TRUE(reader.known());
  EXPECT_EQ(reader.plan(), v1::PLAN_PREMIUM);
  EXPECT_EQ(reader.Total("total_tracks"), 3);
  EXPECT_EQ(reader.LastTime("last_play"),
            absl::FromUnixSeconds(kMidnight + 86'400));
  EXPECT_EQ(reader.LastText("time_zone"), "Asia/Tokyo");
  EXPECT_EQ(reader.LastTextTime("time_zone"), absl::FromUnixSeconds(kMidnight));
  EXPECT_EQ(reader.LastTextTime("failed_currency"), std::nullopt);
  EXPECT_EQ(reader.DailySum("tracks_played", day, day), 2);
  EXPECT_EQ(reader.DailySum("tracks_played", day, day + 1), 3);
  EXPECT_EQ(reader.DailySum("tracks_played", day + 1, day + 9), 1);
  EXPECT_EQ(reader.DailySum("tracks_played", day + 2, day + 9), 0);
  std::array<std::int64_t, 4> each = {9, 9, 9, 9};
  reader.DailySums("tracks_played", day - 1, absl::MakeSpan(each));
  EXPECT_EQ(each, (std::array<std::int64_t, 4>{0, 2, 1, 0}));
  reader.DailySums("tracks_played", day + 1, absl::MakeSpan(each));
  EXPECT_EQ(each, (std::array<std::int64_t, 4>{1, 0, 0, 0}));
  reader.DailySums("tracks_played", day + 2, absl::MakeSpan(each));
  EXPECT_EQ(each, (std::array<std::int64_t, 4>{}));
}

TEST_F(StateReaderTest, FollowsConsentByItsTimeAndNotByItsArrival) {
  v1::Event withheld = At(kMidnight + 5);
  withheld.mutable_consent_changed()->set_consent_class(
      v1::CONSENT_CLASS_MESSAGES);
  withheld.mutable_consent_changed()->set_consent(v1::CONSENT_WITHHELD);
  v1::Event granted = withheld;
  granted.mutable_event_time()->set_seconds(kMidnight);
  granted.mutable_consent_changed()->set_consent(v1::CONSENT_GRANTED);
  Fold(granted);
  EXPECT_TRUE(Reader().Granted(v1::CONSENT_CLASS_MESSAGES));
  Fold(withheld);
  Fold(granted);
  EXPECT_FALSE(Reader().Granted(v1::CONSENT_CLASS_MESSAGES));
}

TEST_F(StateReaderTest, ListsRecentContactsNewestFirst) {
  for (const int minute : {3, 1, 2}) {
    v1::Event event = At(kMidnight + minute * 60);
    event.mutable_decision_made()->set_treatment("t");
    event.mutable_decision_made()->set_contact(minute != 2);
    Fold(event);
  }
  const auto recent = Reader().Recent("recent_contacts");
  ASSERT_EQ(recent.size(), 2u);
  EXPECT_EQ(recent[0].time_us, (kMidnight + 180) * 1'000'000);
  EXPECT_EQ(recent[0].text_hash, recent[1].text_hash);
}

TEST_F(StateReaderTest, RefusesBytesThatAreNoState) {
  EXPECT_EQ(StateReader::Open(Catalogue::Embedded(), "x").status().code(),
            absl::StatusCode::kDataLoss);
}

TEST(StateReaderDeathTest, EndsTheProcessOnASignalThatDoesNotExist) {
  const auto reader = StateReader::Open(Catalogue::Embedded(), "");
  EXPECT_DEATH(reader->Total("no_such"), "no signal \"no_such\"");
  EXPECT_DEATH(reader->Total("plan"), "no signal \"plan\" with KEEP_TOTAL");
}

}  // namespace
}  // namespace tenuto
