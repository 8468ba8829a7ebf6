// R21 "no leakage": what we learn after a snapshot changes no row of it.
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "features/catalogue.h"
#include "features/feature_plan.h"
#include "features/signal_fold.h"
#include "gtest/gtest.h"
#include "tests/support/random_events.h"
#include "training/replayer.h"

namespace tenuto::testing {
namespace {

constexpr std::int64_t kStartUs = 1'700'006'400'000'000;
constexpr int kDays = 120;

class Leak : public ::testing::TestWithParam<int> {
 protected:
  // Bytes of the rows at all snapshots, in order.
  std::vector<std::string> Rows(const std::vector<GatedEvent>& life,
                                const std::vector<std::int64_t>& snapshots) {
    const std::vector<LoggedEvent> logged = AsLogged(life);
    UserReplay replay(fold_, logged);
    std::vector<std::string> rows;
    std::vector<float> row(static_cast<std::size_t>(plan_.width()));
    for (const std::int64_t us : snapshots) {
      const absl::Time as_of = absl::FromUnixMicros(us);
      const auto state = replay.StateAt(as_of);
      EXPECT_TRUE(state.ok()) << state.status();
      const ReadTime when{as_of, as_of - absl::Hours(24 * 200)};
      EXPECT_TRUE(plan_.Assemble(*state, when, absl::MakeSpan(row)).ok());
      rows.emplace_back(reinterpret_cast<const char*>(row.data()),
                        row.size() * sizeof(float));
    }
    return rows;
  }

  // Drops, changes and adds events, all of them known after `snapshot_us`.
  std::vector<GatedEvent> ChangeTheFuture(std::vector<GatedEvent> life,
                                          std::int64_t snapshot_us,
                                          RandomEvents& random) {
    std::vector<GatedEvent> changed;
    for (GatedEvent& event : life) {
      if (event.known_time_us <= snapshot_us) {
        changed.push_back(std::move(event));
        continue;
      }
      switch (random.draws().Between(0, 2)) {
        case 0:
          break;  // Removed.
        case 1: {
          GatedEvent other = random.Life(event.user, 1).front();
          other.known_time_us = event.known_time_us;
          changed.push_back(std::move(other));
          break;
        }
        default:
          event.known_time_us += random.draws().Between(0, kDayUs);
          changed.push_back(std::move(event));
      }
    }
    // Late news of long ago.
    for (GatedEvent& event : random.Life(TestUser(7), 20)) {
      event.known_time_us = snapshot_us + random.draws().Between(1, kDayUs);
      changed.push_back(std::move(event));
    }
    return changed;
  }

  const SignalFold fold_{Catalogue::Embedded()};
  const FeaturePlan plan_ = FeaturePlan::CompileAll(Catalogue::Embedded());
};

TEST_P(Leak, ChangingAnyEventKnownAfterTheSnapshotChangesNoRow) {
  const auto seed = static_cast<std::uint64_t>(GetParam());
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  RandomEvents random(seed, kStartUs, kDays);
  int past_differs = 0;
  for (int user = 0; user < 10; ++user) {
    const auto life = random.Life(TestUser(7), 200);
    const std::int64_t snapshot =
        kStartUs + random.draws().Between(10 * kDayUs, 110 * kDayUs);
    const std::vector<std::int64_t> snapshots = {snapshot - 9 * kDayUs,
                                                 snapshot};
    const auto future = ChangeTheFuture(life, snapshot, random);
    EXPECT_EQ(Rows(future, snapshots), Rows(life, snapshots));
    // The test sees a change where there is one.
    const auto past = ChangeTheFuture(life, snapshot - 20 * kDayUs, random);
    past_differs += Rows(past, snapshots) != Rows(life, snapshots);
  }
  EXPECT_GE(past_differs, 9);
}

TEST_P(Leak, WhatWasKnownAtTheVeryMomentCounts) {
  RandomEvents random(static_cast<std::uint64_t>(GetParam()), kStartUs, 1);
  std::vector<GatedEvent> life = random.Life(TestUser(7), 1);
  life[0].known_time_us = kStartUs + 2 * kDayUs;
  const auto rows =
      Rows(life, {kStartUs + 2 * kDayUs - 1, kStartUs + 2 * kDayUs});
  EXPECT_EQ(rows[0], Rows({}, {kStartUs + 2 * kDayUs - 1})[0]);
  EXPECT_NE(rows[1], Rows({}, {kStartUs + 2 * kDayUs})[0]);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Leak, ::testing::Range(1, 5));

}  // namespace
}  // namespace tenuto::testing
