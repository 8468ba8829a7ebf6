#include "features/state_walk.h"

#include <bit>
#include <cstdint>
#include <string>
#include <vector>

#include "features/feature_plan.h"
#include "features/signal_fold.h"
#include "gtest/gtest.h"
#include "tests/support/random_events.h"

namespace tenuto {
namespace {

using testing::RandomEvents;

constexpr std::int64_t kStartUs = 1'700'006'400'000'000;
constexpr int kDays = 200;  // More than a state remembers.

class StateWalkTest : public ::testing::Test {
 protected:
  std::vector<std::uint32_t> Bits(const std::vector<float>& row) const {
    std::vector<std::uint32_t> bits;
    for (const float cell : row) bits.push_back(std::bit_cast<unsigned>(cell));
    return bits;
  }

  // What the state gives, as such and by its bytes.
  void ExpectSameRow(const UserState& state, std::int64_t as_of_us) {
    const ReadTime when{absl::FromUnixMicros(as_of_us),
                        absl::FromUnixMicros(kStartUs - 200 * kDayUs)};
    std::string bytes;
    state.Encode(bytes);
    ASSERT_TRUE(plan_.Assemble(bytes, when, absl::MakeSpan(from_bytes_)).ok());
    plan_.Assemble(state, when, absl::MakeSpan(from_state_));
    ASSERT_EQ(Bits(from_state_), Bits(from_bytes_));
    UserState decoded(fold_.layout());
    ASSERT_TRUE(decoded.Decode(bytes).ok());
    plan_.Assemble(decoded, when, absl::MakeSpan(from_state_));
    ASSERT_EQ(Bits(from_state_), Bits(from_bytes_)) << "decoded again";
  }

  void ExpectTrueMasks(const UserState& state) {
    for (int k = 0; k < static_cast<int>(state.days().size()); ++k) {
      const auto tiles = state.tiles(k);
      for (int slot = 0; slot < static_cast<int>(tiles.size()); ++slot) {
        ASSERT_EQ(TestSlot(state.mask(k), slot),
                  tiles[static_cast<std::size_t>(slot)] != 0)
            << "day " << k << " slot " << slot;
      }
    }
  }

  const SignalFold fold_{Catalogue::Embedded()};
  const FeaturePlan plan_ = FeaturePlan::CompileAll(Catalogue::Embedded());
  std::vector<float> from_bytes_ =
      std::vector<float>(static_cast<std::size_t>(plan_.width()));
  std::vector<float> from_state_ = from_bytes_;
};

TEST_F(StateWalkTest, GivesTheRowsThatTheBytesGiveWhileEventsArrive) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(seed);
    RandomEvents random(seed, kStartUs, kDays);
    UserState state(fold_.layout());
    EventView view;
    std::uint64_t position = 0;
    ExpectSameRow(state, kStartUs);
    for (const GatedEvent& event : random.Life(testing::TestUser(1), 300)) {
      ASSERT_TRUE(view.Parse(event.event));
      fold_.Apply(view, ++position, state);
      if (position % 23 != 0) continue;
      ExpectSameRow(state, view.time_us());
      ExpectTrueMasks(state);
    }
    ExpectSameRow(state, kStartUs + kDays * kDayUs);
    ExpectTrueMasks(state);
  }
}

TEST_F(StateWalkTest, LeavesOutTilesThatCameBackToNothing) {
  UserState state(fold_.layout());
  state.newest_day = DayOf(kStartUs);
  *state.Day(state.newest_day) = 7;
  state.Day(state.newest_day - 1)[3] = 1;
  *state.Day(state.newest_day) = 0;
  ExpectTrueMasks(state);
  ExpectSameRow(state, kStartUs + kDayUs);
}

}  // namespace
}  // namespace tenuto
