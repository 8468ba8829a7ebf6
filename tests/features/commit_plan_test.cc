#include "features/commit_plan.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include "features/log_record.h"
#include "gtest/gtest.h"
#include "tests/support/random_events.h"

namespace tenuto {
namespace {

using testing::RandomEvents;
using testing::TestUser;

class CommitPlanTest : public ::testing::Test {
 protected:
  // Plans the events of one user; `next_`, `state_`, `marks_` move on.
  std::vector<Admission> Plan(const std::vector<GatedEvent>& events,
                              int day = 19'000) {
    const auto groups = GroupByUser(events);
    EXPECT_EQ(groups.size(), 1u);
    CommitPlan plan(fold_, events, day);
    status_ = plan.Plan(groups[0], state_, seen_, next_, write_);
    const std::vector<Admission> verdicts = plan.verdicts();
    if (!status_.ok() || write_.record.empty()) return verdicts;
    state_ = write_.state;
    seen_.Add(write_.new_marks);
    late_.Count(plan.late());
    return verdicts;
  }

  const SignalFold fold_{Catalogue::Embedded()};
  LateEvents late_{Catalogue::Embedded()};
  RandomEvents random_{61, 1'700'006'400'000'000, 30};
  Position next_ = 1;
  std::string state_;
  SeenEvents seen_;
  UserWrite write_;
  absl::Status status_;
};

TEST_F(CommitPlanTest, TakesAPositionForEachNewEvent) {
  auto events = random_.Life(TestUser(1), 4);
  events.push_back(events[2]);
  const auto verdicts = Plan(events);
  EXPECT_EQ(verdicts[4], Admission::kDuplicate);
  EXPECT_EQ(write_.first, 1u);
  EXPECT_EQ(next_, 5u);
  EXPECT_EQ(AppliedThrough(state_), 4u);
  EXPECT_EQ(write_.new_marks.size(), 40u);
  int logged = 0;
  VisitLogRecord(write_.record, write_.first, [&](const LoggedEvent& event) {
    EXPECT_EQ(std::string(event.event),
              events[static_cast<std::size_t>(logged++)].event);
    return true;
  });
  EXPECT_EQ(logged, 4);
}

TEST_F(CommitPlanTest, WritesNothingWhenNothingIsNew) {
  const auto events = random_.Life(TestUser(1), 4);
  Plan(events);
  EXPECT_EQ(Plan(events), std::vector<Admission>(4, Admission::kDuplicate));
  EXPECT_EQ(write_.record, "");
  EXPECT_EQ(write_.new_marks, "");
  EXPECT_EQ(next_, 5u);
}

TEST_F(CommitPlanTest, FoldsABatchAsItFoldsOneByOne) {
  const auto events = random_.Life(TestUser(1), 50);
  Plan(events);
  const std::string at_once = state_;
  state_ = "";
  seen_ = {};
  next_ = 1;
  for (const GatedEvent& event : events) Plan({event});
  EXPECT_EQ(state_, at_once);
}

// One playback a day, the first so old that no window reaches it.
TEST_F(CommitPlanTest, CountsLateEventsBySignal) {
  v1::Event newest;
  newest.mutable_event_time()->set_seconds(1'700'006'400);
  newest.mutable_playback()->set_track_id("t");
  newest.mutable_playback()->set_ms_played(60'000);
  const auto days_before = [&](int days, std::uint64_t hash) {
    v1::Event event = newest;
    event.mutable_event_time()->set_seconds(newest.event_time().seconds() -
                                            86'400 * std::int64_t{days});
    GatedEvent gated;
    gated.user = TestUser(1);
    gated.event_hash = hash;
    gated.event = event.SerializeAsString();
    return gated;
  };
  Plan({days_before(0, 1), days_before(kHistoryDays - 1, 2)});
  EXPECT_TRUE(late_.Counts().empty()) << "the oldest day that is kept";
  Plan({days_before(kHistoryDays, 3), days_before(1000, 4)});
  Plan({days_before(1000, 4)});
  std::map<std::string, std::uint64_t> counts;
  for (const auto& [signal, count] : late_.Counts()) counts[signal] = count;
  EXPECT_EQ(counts["tracks_played"], 2u) << "a duplicate is not late";
  EXPECT_EQ(counts["tracks"], 2u);
  EXPECT_EQ(counts.count("searches"), 0u) << "of another event";
  EXPECT_EQ(counts.count("last_play") + counts.count("total_tracks"), 0u)
      << "kept for ever";
}

TEST_F(CommitPlanTest, SaysWhenAStateOrAnEventIsDamaged) {
  auto events = random_.Life(TestUser(1), 1);
  state_ = "\x01 damaged";
  Plan(events);
  EXPECT_EQ(status_.code(), absl::StatusCode::kDataLoss);
  state_ = "";
  events[0].event = "\xff";
  Plan(events);
  EXPECT_EQ(status_.code(), absl::StatusCode::kInternal);
}

TEST(GroupByUser, GroupsByRisingKeyInBatchOrder) {
  std::vector<GatedEvent> events(5);
  const int users[] = {3, 1, 3, 2, 1};
  for (std::size_t k = 0; k < 5; ++k) events[k].user = TestUser(users[k]);
  const auto groups = GroupByUser(events);
  ASSERT_EQ(groups.size(), 3u);
  EXPECT_EQ(groups[0].user, TestUser(1));
  EXPECT_EQ(groups[0].events, (std::vector<int>{1, 4}));
  EXPECT_EQ(groups[1].events, (std::vector<int>{3}));
  EXPECT_EQ(groups[2].events, (std::vector<int>{0, 2}));
  EXPECT_TRUE(GroupByUser({}).empty());
}

}  // namespace
}  // namespace tenuto
