#include "training/replayer.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/memory_ledger.h"
#include "gtest/gtest.h"
#include "tests/support/random_events.h"

namespace tenuto {
namespace {

constexpr std::int64_t kStartUs = 1'700'006'400'000'000;

// The state after the events that `known` admits, folded by position.
template <typename Known>
std::string FoldFromScratch(const SignalFold& fold,
                            const std::vector<LoggedEvent>& events,
                            const Known& known) {
  UserState state(fold.layout());
  EventView view;
  std::vector<LoggedEvent> folded;
  std::copy_if(events.begin(), events.end(), std::back_inserter(folded), known);
  for (const LoggedEvent& event : folded) {
    EXPECT_TRUE(view.Parse(event.event));
    fold.Apply(view, event.position, state);
  }
  std::string bytes;
  state.Encode(bytes);
  return bytes;
}

void ExpectReplayEqualsScratch(const SignalFold& fold,
                               const std::vector<LoggedEvent>& logged) {
  UserReplay replay(fold, logged);
  for (int day = -3; day < 260; day += 5) {
    const std::int64_t us = kStartUs + day * kDayUs;
    const auto state = replay.StateAt(absl::FromUnixMicros(us));
    ASSERT_TRUE(state.ok()) << state.status();
    ASSERT_EQ(*state, FoldFromScratch(fold, logged,
                                      [&](const LoggedEvent& event) {
                                        return event.known_time_us <= us;
                                      }))
        << "day " << day;
  }
}

TEST(UserReplay, KnowsWhatWasKnownAtEachMoment) {
  const SignalFold fold(Catalogue::Embedded());
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    testing::RandomEvents random(seed, kStartUs, 120);
    const auto life = random.Life(testing::TestUser(1), 120);
    ExpectReplayEqualsScratch(fold, testing::AsLogged(life));
  }
}

TEST(UserReplay, KnowsItAlsoWhenTheLogDoesNotRiseInKnownTime) {
  const SignalFold fold(Catalogue::Embedded());
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    testing::RandomEvents random(seed, kStartUs, 120);
    auto life = random.Life(testing::TestUser(1), 120);
    random.draws().Shuffle(life);
    ExpectReplayEqualsScratch(fold, testing::AsLogged(life));
  }
}

TEST(UserReplay, IsEmptyBeforeTheFirstEventAndTakesOneAtItsMoment) {
  const SignalFold fold(Catalogue::Embedded());
  testing::RandomEvents random(3, kStartUs, 10);
  auto life = random.Life(testing::TestUser(1), 1);
  life[0].known_time_us = kStartUs;
  const auto logged = testing::AsLogged(life);
  UserReplay replay(fold, logged);
  EXPECT_TRUE(replay.StateAt(absl::FromUnixMicros(kStartUs - 1))->empty());
  EXPECT_FALSE(replay.StateAt(absl::FromUnixMicros(kStartUs))->empty());
}

TEST(UserReplay, NamesThePositionOfAnEventThatDoesNotParse) {
  const SignalFold fold(Catalogue::Embedded());
  const LoggedEvent broken[] = {
      {testing::TestUser(1), 17, 1, kStartUs, "\xff\xff"}};
  UserReplay replay(fold, broken);
  const auto state = replay.StateAt(absl::InfiniteFuture());
  EXPECT_EQ(state.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(state.status().message(),
            "the event at log position 17 does not parse");
}

// A ledger of several users in partition 5, taken in piece by piece.
class VisitUsersTest : public ::testing::Test {
 protected:
  VisitUsersTest() : ledger_(Catalogue::Embedded()) {
    testing::RandomEvents random(kSeed, kStartUs, 60);
    std::vector<GatedEvent> all;
    for (int number : {2, 0, 1}) {
      const auto life = random.Life(testing::TestUser(5, number), 40);
      all.insert(all.end(), life.begin(), life.end());
    }
    random.draws().Shuffle(all);
    for (std::size_t from = 0; from < all.size(); from += 30) {
      const auto batch = absl::MakeConstSpan(all).subspan(from, 30);
      const auto verdicts = ledger_.Commit(batch, nullptr);
      EXPECT_TRUE(verdicts.ok()) << verdicts.status();
    }
  }

  static constexpr std::uint64_t kSeed = 8;
  MemoryLedger ledger_;
};

TEST_F(VisitUsersTest, GivesEachUserOnceWithAllTheirEventsByPosition) {
  std::map<UserKey, std::vector<std::string>> expected;
  ASSERT_TRUE(ledger_
                  .Scan(5, 1,
                        [&](const LoggedEvent& event) {
                          expected[event.user].push_back(absl::StrCat(
                              event.position, " ", event.event_hash, " ",
                              event.known_time_us, " ", event.event));
                          return true;
                        })
                  .ok());
  ASSERT_EQ(expected.size(), 3u);
  std::vector<UserKey> visited;
  const auto visit = [&](const UserKey& user,
                         absl::Span<const LoggedEvent> events) {
    std::vector<std::string> shown;
    for (std::size_t k = 0; k < events.size(); ++k) {
      EXPECT_EQ(events[k].user, user);
      if (k > 0) {
        EXPECT_LT(events[k - 1].position, events[k].position);
      }
      shown.push_back(
          absl::StrCat(events[k].position, " ", events[k].event_hash, " ",
                       events[k].known_time_us, " ", events[k].event));
    }
    EXPECT_EQ(shown, expected[user]);
    visited.push_back(user);
    return absl::OkStatus();
  };
  ASSERT_TRUE(VisitUsers(ledger_, 5, visit).ok());
  EXPECT_EQ(visited.size(), 3u);
  EXPECT_TRUE(std::is_sorted(visited.begin(), visited.end()));
  ASSERT_TRUE(VisitUsers(ledger_, 6, visit).ok());
  EXPECT_EQ(visited.size(), 3u) << "another partition is empty";
}

TEST_F(VisitUsersTest, GivesTheBytesOfAPartitionThatHoldsHardlyAny) {
  v1::Event event;
  event.mutable_event_time()->set_seconds(kStartUs / 1'000'000);
  event.mutable_expired();
  testing::RandomEvents random(kSeed, kStartUs, 60);
  GatedEvent gated = random.Life(testing::TestUser(7), 1).front();
  gated.event = event.SerializeAsString();
  ASSERT_LT(gated.event.size(), 16u) << "as few as a string holds in itself";
  ASSERT_TRUE(ledger_.Commit({&gated, 1}, nullptr).ok());
  std::string found;
  ASSERT_TRUE(
      VisitUsers(ledger_, 7,
                 [&](const UserKey&, absl::Span<const LoggedEvent> events) {
                   found = std::string(events.front().event);
                   return absl::OkStatus();
                 })
          .ok());
  EXPECT_EQ(found, gated.event);
}

TEST_F(VisitUsersTest, EndsWithTheErrorOfTheVisit) {
  int visits = 0;
  const absl::Status status = VisitUsers(
      ledger_, 5, [&](const UserKey&, absl::Span<const LoggedEvent>) {
        ++visits;
        return absl::InternalError("enough");
      });
  EXPECT_EQ(status.message(), "enough");
  EXPECT_EQ(visits, 1);
}

TEST(ForEachPartition, WorksOnEveryPartitionOnce) {
  for (const int threads : {1, 2, 5}) {
    std::vector<std::atomic<int>> works(kPartitions);
    ASSERT_TRUE(ForEachPartition(threads, [&](int partition) {
                  ++works[static_cast<std::size_t>(partition)];
                  return absl::OkStatus();
                }).ok());
    EXPECT_TRUE(std::all_of(works.begin(), works.end(),
                            [](const auto& count) { return count == 1; }));
  }
}

TEST(ForEachPartition, GivesTheFirstErrorInPartitionOrder) {
  for (int round = 0; round < 20; ++round) {
    const absl::Status status = ForEachPartition(3, [](int partition) {
      return partition < 100 ? absl::OkStatus()
                             : absl::InternalError(absl::StrCat(partition));
    });
    EXPECT_EQ(status.message(), "100");
  }
}

}  // namespace
}  // namespace tenuto
