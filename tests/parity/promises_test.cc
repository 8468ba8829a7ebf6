// Promises of design/reliability about events and rows, at the size that every
// commit can afford, and TENUTO_ROUNDS times it: R8 duplicates, R9 order, R10
// clocks, R29 numbers.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/feature_plan.h"
#include "features/memory_ledger.h"
#include "features/rocks_ledger.h"
#include "features/signal_fold.h"
#include "gtest/gtest.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/random_events.h"
#include "tests/support/rounds.h"
#include "tests/support/temp_folder.h"

namespace tenuto::testing {
namespace {

constexpr std::int64_t kStartUs = 1'700'006'400'000'000;
constexpr std::int64_t kHourUs = 3'600'000'000;

class Promises : public ::testing::Test {
 protected:
  void Fold(const std::string& event, UserState& state) {
    ASSERT_TRUE(view_.Parse(event));
    fold_.Apply(view_, 1, state);
  }
  const std::vector<float>& Read(const UserState& state, const ReadTime& when) {
    state.Encode(bytes_);
    row_.resize(static_cast<std::size_t>(plan_.width()));
    EXPECT_TRUE(plan_.Assemble(bytes_, when, absl::MakeSpan(row_)).ok());
    return row_;
  }
  // The state but for the position, which depends on the order of arrival.
  std::string WithoutPosition(const Ledger& ledger, const UserKey& user) {
    EXPECT_EQ(ledger.LoadState(user, bytes_), absl::OkStatus());
    UserState state(fold_.layout());
    EXPECT_EQ(state.Decode(bytes_), absl::OkStatus());
    state.applied_through = 0;
    state.Encode(bytes_);
    return bytes_;
  }

  const Catalogue& catalogue_ = Catalogue::Embedded();
  const SignalFold fold_{catalogue_};
  const FeaturePlan plan_ = FeaturePlan::CompileAll(catalogue_);
  EventView view_;
  std::string bytes_;
  std::vector<float> row_;
};

TEST_F(Promises, R9AnyOfTwentyThousandOrdersGivesTheSameStateBytes) {
  constexpr std::uint64_t kSeed = 9;
  RandomEvents random(kSeed, kStartUs, 60);
  UserState state(fold_.layout());
  for (int life = 0; life < 500; ++life) {
    auto events = random.Life(TestUser(1), 20);
    std::string expected;
    for (int order = 0; order <= 40; ++order) {
      state.Clear();
      for (const GatedEvent& event : events) Fold(event.event, state);
      state.Encode(bytes_);
      if (order == 0) expected = bytes_;
      ASSERT_EQ(bytes_, expected) << "seed " << kSeed << ", life " << life;
      random.draws().Shuffle(events);
    }
  }
}

// Commits `events` in batches, by four threads side by side.
void CommitSideBySide(Ledger& ledger, const std::vector<GatedEvent>& events) {
  constexpr std::size_t kThreads = 4, kBatch = 800;
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&ledger, &events, t] {
      for (std::size_t at = t * kBatch; at < events.size();
           at += kThreads * kBatch) {
        EXPECT_TRUE(
            ledger.Commit(absl::MakeConstSpan(events).subspan(at, kBatch))
                .ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(Promises, R8EventsSentUpToFiveTimesCountOnce) {
  constexpr std::uint64_t kSeed = 8;
  const int users = 10'000 * Rounds();
  const TempFolder folder;
  const FixedClock clock(absl::FromUnixMicros(kStartUs));
  const auto open = [&] {
    return *OpenRocksLedger({folder.path(), false, 2, &clock}, catalogue_,
                            UserKeys::FromSecret("k"));
  };
  RandomEvents random(kSeed, kStartUs, 30);
  MemoryLedger once(catalogue_, clock);
  std::vector<GatedEvent> sent;
  for (int user = 0; user < users; ++user) {
    const auto life = random.Life(TestUser(user % kPartitions, user), 2);
    ASSERT_TRUE(once.Commit(life, nullptr).ok());
    for (const GatedEvent& event : life) {
      sent.insert(sent.end(), random.draws().Next() % 5 + 1, event);
    }
  }
  random.draws().Shuffle(sent);
  const std::size_t third = sent.size() / 3 + 1;
  for (std::size_t at = 0; at < sent.size(); at += third) {
    const auto end = std::min(sent.size(), at + third);
    CommitSideBySide(*open(), {sent.begin() + static_cast<long>(at),
                               sent.begin() + static_cast<long>(end)});
  }
  const auto ledger = open();
  for (int user = 0; user < users; ++user) {
    const UserKey key = TestUser(user % kPartitions, user);
    const std::string expected = WithoutPosition(once, key);
    ASSERT_EQ(WithoutPosition(*ledger, key), expected)
        << "seed " << kSeed << ", user " << user;
    ASSERT_NE(expected, "");
  }
}

TEST_F(Promises, R10NoClockMakesAnAgeNegativeOrTheFutureHappen) {
  constexpr std::uint64_t kSeed = 10;
  constexpr std::int64_t kTenYearsUs = 3653 * kDayUs;
  RandomEvents random(kSeed, kStartUs, 2);
  Draws& draws = random.draws();
  const UserKeys keys = UserKeys::FromSecret("k");
  const EventGate gate(keys);
  UserState state(fold_.layout());
  std::int64_t now_us = kStartUs;
  int future = 0, accepted = 0;
  for (int k = 0; k < 100'000 * Rounds(); ++k) {
    if (k % 500 == 0) state.Clear();  // The next user.
    now_us += draws.Between(0, 2'000'000);
    if (draws.Chance(0.01)) now_us += draws.Between(-kHourUs, kHourUs);
    v1::Event event = random.Plausible();
    const std::int64_t off_us =
        draws.Chance(0.3) ? kTenYearsUs : draws.Between(1, 600'000'000);
    const std::int64_t time_us = now_us + draws.Between(-off_us, off_us);
    event.mutable_event_time()->set_seconds(time_us / 1'000'000);
    event.mutable_event_time()->set_nanos(
        static_cast<std::int32_t>(time_us % 1'000'000 * 1000));
    GatedEvent gated;
    const auto wrong =
        gate.Admit(event, TestUser(1), absl::FromUnixMicros(now_us), gated);
    ASSERT_EQ(wrong && absl::string_view(wrong->reason) == "FUTURE",
              time_us > now_us + 300'000'000)
        << "seed " << kSeed << ", event " << k;
    future += wrong.has_value();
    if (!wrong) {
      ++accepted;
      Fold(gated.event, state);
    }
    if (k % 50 != 49) continue;
    const ReadTime when{absl::FromUnixMicros(now_us),
                        absl::FromUnixMicros(kStartUs - 400 * kDayUs)};
    const auto& row = Read(state, when);
    for (std::size_t column = 0; column < row.size(); ++column) {
      const Feature& feature = catalogue_.features()[column];
      ASSERT_FALSE(std::isinf(row[column])) << feature.name;
      if (!feature.declaration.has_time_since()) continue;
      ASSERT_FALSE(row[column] < 0) << feature.name << ", seed " << kSeed;
    }
  }
  EXPECT_GT(future, 10'000);
  EXPECT_GT(accepted, 50'000);
}

TEST_F(Promises, R29NoEventMakesARowInfiniteOrUnknownWhereItMayNotBe) {
  constexpr std::uint64_t kSeed = 29;
  RandomEvents random(kSeed, kStartUs - 90 * kDayUs, 90);
  const UserKeys keys = UserKeys::FromSecret("k");
  const EventGate gate(keys);
  const ReadTime when{absl::FromUnixMicros(kStartUs),
                      absl::FromUnixMicros(kStartUs - 400 * kDayUs)};
  std::vector<std::size_t> never_unknown;
  for (std::size_t k = 0; k < catalogue_.features().size(); ++k) {
    const Feature& feature = catalogue_.features()[k];
    bool free = feature.declaration.missing() == v1::MISSING_ZERO;
    for (const SignalUse& use : ShapeOf(feature.declaration).uses) {
      free =
          free && ConsentSignal(
                      catalogue_.FindSignal(use.signal)->declaration.consent())
                      .empty();
    }
    if (free) never_unknown.push_back(k);
  }
  EXPECT_FALSE(never_unknown.empty());
  UserState state(fold_.layout());
  for (int k = 0, rows = 0; rows < 100'000 * Rounds(); ++k) {
    if (k % 200 == 0) state.Clear();
    v1::Event event =
        random.draws().Chance(0.5) ? random.Absurd() : random.Plausible();
    GatedEvent gated;
    if (gate.Admit(event, TestUser(1), when.as_of, gated)) continue;
    Fold(gated.event, state);
    const auto& row = Read(state, when);
    ++rows;
    for (const float value : row) {
      ASSERT_FALSE(std::isinf(value)) << "seed " << kSeed << ", event " << k;
    }
    for (const std::size_t column : never_unknown) {
      ASSERT_FALSE(std::isnan(row[column]))
          << catalogue_.features()[column].name << ", seed " << kSeed;
    }
  }
}

}  // namespace
}  // namespace tenuto::testing
