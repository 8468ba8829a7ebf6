#include "features/signal_fold.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/memory_ledger.h"
#include "features/state_reader.h"
#include "gtest/gtest.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/random_events.h"

namespace tenuto {
namespace {

using testing::RandomEvents;

constexpr std::int64_t kStartUs = 1'700'006'400'000'000;

class SignalFoldTest : public ::testing::Test {
 protected:
  // All at one position, so that the bytes can be compared.
  std::string Fold(const std::vector<std::string>& events,
                   bool through_bytes = false) {
    UserState state(fold_.layout());
    std::string bytes;
    EventView view;
    for (const std::string& event : events) {
      EXPECT_TRUE(view.Parse(event));
      fold_.Apply(view, 1, state);
      if (!through_bytes) continue;
      state.Encode(bytes);
      EXPECT_TRUE(state.Decode(bytes).ok());
    }
    state.Encode(bytes);
    return bytes;
  }

  std::vector<std::string> RandomLife(std::uint64_t seed, int count, int days) {
    RandomEvents random(seed, kStartUs, days);
    std::vector<std::string> events;
    for (const GatedEvent& event : random.Life(testing::TestUser(1), count)) {
      events.push_back(event.event);
    }
    return events;
  }

  const SignalFold fold_{Catalogue::Embedded()};
};

// R9 "late and out of order"; at size in tests/parity/promises_test.cc.
TEST_F(SignalFoldTest, KeepsStateBytesWhateverTheOrder) {
  testing::Draws draws(31);
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    // Up to a year: most events of one order are too late for their tiles.
    const int days = static_cast<int>(draws.Between(1, 365));
    auto events = RandomLife(seed, 150, days);
    const std::string expected = Fold(events);
    std::reverse(events.begin(), events.end());
    EXPECT_EQ(Fold(events), expected);
    for (int round = 0; round < 5; ++round) {
      draws.Shuffle(events);
      EXPECT_EQ(Fold(events, round == 0), expected) << "round " << round;
    }
  }
}

TEST_F(SignalFoldTest, GoesThroughBytesBetweenEventsWithoutLoss) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const auto events = RandomLife(seed, 100, 300);
    EXPECT_EQ(Fold(events, true), Fold(events)) << "seed " << seed;
  }
}

// R8 "duplicates"; at size in tests/parity/promises_test.cc.
TEST_F(SignalFoldTest, ChangesNothingThroughDuplicatesInALedger) {
  const FixedClock clock(absl::FromUnixMicros(kStartUs));
  testing::Draws draws(32);
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    RandomEvents random(seed, kStartUs, 200);
    auto life = random.Life(testing::TestUser(1), 80);
    MemoryLedger once(Catalogue::Embedded(), clock);
    ASSERT_TRUE(once.Commit(life, nullptr).ok());
    MemoryLedger often(Catalogue::Embedded(), clock);
    for (int round = 0; round < 3; ++round) {
      std::vector<GatedEvent> doubled = life;
      doubled.insert(doubled.end(), life.begin(), life.end());
      draws.Shuffle(doubled);
      ASSERT_TRUE(often.Commit(doubled, nullptr).ok());
    }
    std::string expected, state;
    ASSERT_TRUE(once.LoadState(testing::TestUser(1), expected).ok());
    ASSERT_TRUE(often.LoadState(testing::TestUser(1), state).ok());
    EXPECT_EQ(state, expected) << "seed " << seed;
  }
}

v1::Event At(std::int64_t day, std::uint32_t sequence = 0) {
  v1::Event event;
  event.mutable_event_time()->set_seconds(kStartUs / 1'000'000 + day * 86'400);
  event.set_sequence(sequence);
  return event;
}

// R9: what is older than the kept days.
TEST_F(SignalFoldTest, GivesLateEventsOnlyToSignalsThatKeepForEver) {
  v1::Event now = At(200);
  now.mutable_playback()->set_artist_id("a");
  v1::Event late = At(0);
  late.mutable_playback()->set_artist_id("b");
  const auto reader = StateReader::Open(
      Catalogue::Embedded(),
      Fold({now.SerializeAsString(), late.SerializeAsString()}));
  ASSERT_TRUE(reader.ok());
  const int day = DayOf(kStartUs);
  EXPECT_EQ(reader->Total("total_tracks"), 2);
  EXPECT_EQ(reader->DailySum("tracks_played", day, day + 200), 1);
  EXPECT_EQ(reader->LastTime("last_play"),
            absl::FromUnixMicros(kStartUs + 200 * kDayUs));
}

TEST_F(SignalFoldTest, BreaksTiesOfTimeBySequenceAndValue) {
  v1::Event low = At(1, 1), high = At(1, 2);
  low.set_plan(v1::PLAN_PREMIUM);
  low.mutable_renewed();
  high.set_plan(v1::PLAN_FREE);
  high.mutable_downgraded();
  v1::Event higher = high;
  higher.set_plan(v1::PLAN_TRIAL);
  const auto plan_of = [&](const std::vector<v1::Event>& events) {
    std::vector<std::string> bytes;
    for (const auto& event : events) bytes.push_back(event.SerializeAsString());
    return StateReader::Open(Catalogue::Embedded(), Fold(bytes))->plan();
  };
  EXPECT_EQ(plan_of({low, high}), v1::PLAN_FREE);
  EXPECT_EQ(plan_of({high, low}), v1::PLAN_FREE);
  EXPECT_EQ(plan_of({higher, high, low}), v1::PLAN_TRIAL);
}

TEST_F(SignalFoldTest, SurvivesMeasuresThatNoGateWouldLetIn) {
  RandomEvents random(33, kStartUs, 90);
  std::vector<std::string> events;
  for (int k = 0; k < 500; ++k) {
    events.push_back(random.Absurd().SerializeAsString());
  }
  const std::string expected = Fold(events);
  random.draws().Shuffle(events);
  EXPECT_EQ(Fold(events, true), expected);
}

}  // namespace
}  // namespace tenuto
