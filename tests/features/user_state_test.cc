#include "features/user_state.h"

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/feature_plan.h"
#include "features/signal_fold.h"
#include "gtest/gtest.h"
#include "tests/support/random_events.h"

namespace tenuto {
namespace {

using testing::RandomEvents;

constexpr std::int64_t kStartUs = 1'700'006'400'000'000;

class UserStateTest : public ::testing::Test {
 protected:
  std::string RandomState(std::uint64_t seed, int events, int days = 120) {
    RandomEvents random(seed, kStartUs, days);
    UserState state(fold_.layout());
    EventView view;
    std::uint64_t position = 0;
    for (const GatedEvent& event : random.Life(testing::TestUser(1), events)) {
      EXPECT_TRUE(view.Parse(event.event));
      fold_.Apply(view, ++position, state);
    }
    std::string bytes;
    state.Encode(bytes);
    return bytes;
  }

  // Whatever the bytes: an error, or a state that can be written again and a
  // row without an infinite value.
  bool ExpectSafe(const std::string& bytes) {
    UserState state(fold_.layout());
    const ReadTime when{absl::FromUnixMicros(kStartUs + 120 * kDayUs),
                        absl::FromUnixMicros(kStartUs - 200 * kDayUs)};
    const absl::Status read = plan_.Assemble(bytes, when, absl::MakeSpan(row_));
    const absl::Status decoded = state.Decode(bytes);
    EXPECT_EQ(read.ok(), decoded.ok()) << "writer and reader disagree";
    if (!decoded.ok()) {
      EXPECT_EQ(decoded.code(), absl::StatusCode::kDataLoss);
      return false;
    }
    for (const float value : row_) EXPECT_FALSE(std::isinf(value));
    std::string again, third;
    state.Encode(again);
    EXPECT_TRUE(state.Decode(again).ok());
    state.Encode(third);
    EXPECT_EQ(third, again);
    return true;
  }

  const SignalFold fold_{Catalogue::Embedded()};
  const FeaturePlan plan_ = FeaturePlan::CompileAll(Catalogue::Embedded());
  std::vector<float> row_ =
      std::vector<float>(static_cast<std::size_t>(plan_.width()));
};

TEST_F(UserStateTest, ComesBackFromItsBytesAsItWas) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const std::string bytes = RandomState(seed, static_cast<int>(seed * 5));
    UserState state(fold_.layout());
    ASSERT_TRUE(state.Decode(bytes).ok()) << "seed " << seed;
    std::string again;
    state.Encode(again);
    EXPECT_EQ(again, bytes) << "seed " << seed;
    EXPECT_EQ(AppliedThrough(bytes), seed * 5);
  }
}

TEST_F(UserStateTest, OfNobodyIsNoBytes) {
  UserState state(fold_.layout());
  std::string bytes = "x";
  state.Encode(bytes);
  EXPECT_EQ(bytes, "");
  EXPECT_TRUE(state.Decode("").ok());
  EXPECT_EQ(state.newest_day, kNoDay);
  EXPECT_EQ(AppliedThrough(""), 0u);
}

TEST_F(UserStateTest, RefusesEveryTruncationAndEveryAppendix) {
  const std::string bytes = RandomState(3, 150);
  UserState state(fold_.layout());
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    EXPECT_FALSE(state.Decode(bytes.substr(0, size)).ok()) << size;
    EXPECT_EQ(state.newest_day, kNoDay) << "nothing half-read stays";
  }
  EXPECT_FALSE(state.Decode(bytes + '\0').ok());
}

TEST_F(UserStateTest, DecodesEveryBitFlipToAnErrorOrAState) {
  int states = 0;
  for (const int events : {1, 40, 200}) {
    const std::string bytes = RandomState(4, events);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      std::string damaged = bytes;
      damaged[bit / 8] ^= static_cast<char>(1 << bit % 8);
      states += ExpectSafe(damaged);
      if (HasFailure()) FAIL() << events << " events, bit " << bit;
    }
  }
  EXPECT_GT(states, 0);
}

TEST_F(UserStateTest, SurvivesGarbage) {
  testing::Draws draws(6);
  const std::string seed_bytes = RandomState(5, 30);
  for (int round = 0; round < 4000; ++round) {
    std::string bytes = draws.Chance(0.5) ? "\x01" : "";
    bytes += draws.Bytes(static_cast<int>(draws.Between(0, 300)));
    ExpectSafe(bytes);
    bytes = seed_bytes;
    for (int k = 0; k < 6; ++k) {
      bytes[draws.Next() % bytes.size()] = static_cast<char>(draws.Next());
    }
    ExpectSafe(bytes);
    if (HasFailure()) FAIL() << "seed 6, round " << round;
  }
}

TEST_F(UserStateTest, StaysSmall) {
  std::vector<std::size_t> sizes;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    sizes.push_back(RandomState(seed, 300).size());
  }
  std::sort(sizes.begin(), sizes.end());
  EXPECT_LE(sizes[20], 2048u + 1024u);
  EXPECT_LE(sizes.back(), 8192u);
}

TEST_F(UserStateTest, KeepsTheNewestDaysInOrder) {
  UserState state(fold_.layout());
  for (int day = 1; day <= 400; ++day) {
    state.newest_day = day;
    *state.Day(day) = day;
  }
  EXPECT_EQ(state.Day(400 - kHistoryDays), nullptr);
  std::string bytes;
  state.Encode(bytes);
  ASSERT_TRUE(state.Decode(bytes).ok());
  ASSERT_EQ(state.days().size(), static_cast<std::size_t>(kHistoryDays));
  EXPECT_EQ(state.days().front(), 400 - kHistoryDays + 1);
  for (int k = 0; k < kHistoryDays; ++k) {
    EXPECT_EQ(state.tiles(k)[0], state.days()[static_cast<std::size_t>(k)]);
  }
}

TEST_F(UserStateTest, KeepsTheSixteenNewestOfRecentEvents) {
  UserState state(fold_.layout());
  for (int k = 0; k < 40; ++k) {
    state.AddRecent(0, {(k * 7) % 40, static_cast<std::uint64_t>(k)});
  }
  ASSERT_EQ(state.recents[0].size(), static_cast<std::size_t>(kRecentMax));
  for (int k = 0; k < kRecentMax; ++k) {
    EXPECT_EQ(state.recents[0][static_cast<std::size_t>(k)].time_us, 39 - k);
  }
}

TEST(DayOf, RoundsTowardsThePast) {
  EXPECT_EQ(DayOf(0), 0);
  EXPECT_EQ(DayOf(kDayUs - 1), 0);
  EXPECT_EQ(DayOf(kDayUs), 1);
  EXPECT_EQ(DayOf(-1), -1);
  EXPECT_EQ(DayOf(-kDayUs), -1);
  EXPECT_EQ(DayOf(-kDayUs - 1), -2);
}

}  // namespace
}  // namespace tenuto
