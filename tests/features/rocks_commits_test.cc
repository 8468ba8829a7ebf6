#include "features/rocks_commits.h"

#include <atomic>
#include <cstdio>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "features/base/clock.h"
#include "features/rocks_ledger.h"
#include "gtest/gtest.h"
#include "tests/faults/fault_history.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/rounds.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

using testing::Draws;
using testing::FaultHistory;
using testing::FaultyFileSystem;
using testing::FileCall;
using testing::kFaultStartUs;
using testing::RandomEvents;
using testing::Rounds;
using testing::TestUser;

constexpr int kUsers = 40;
constexpr int kProducers = 4;
constexpr int kCommits = 30;
constexpr int kFailuresARound = 20;  // Then there is space again.
constexpr std::uint64_t kSeed = 23;

// Commits that plan on each other's users while the disk is full at times.
class RocksCommitsTest : public ::testing::Test {
 protected:
  RocksCommitsTest() {
    std::printf("seed %llu\n", static_cast<unsigned long long>(kSeed));
    RocksLedgerOptions options;
    options.directory = folder_.path() / "ledger";
    options.clock = &clock_;
    options.files = files_;
    auto opened = OpenRocksLedger(options, Catalogue::Embedded(),
                                  UserKeys::FromSecret("k"));
    EXPECT_TRUE(opened.ok()) << opened.status();
    ledger_ = *std::move(opened);
  }

  // Some events of some users: mostly too many to leave others free.
  std::vector<GatedEvent> Some(RandomEvents& random) {
    std::vector<GatedEvent> events;
    const auto users = random.draws().Between(1, kUsers / 2);
    for (std::int64_t k = 0; k < users; ++k) {
      const UserKey user =
          TestUser(static_cast<int>(random.draws().Between(0, kUsers - 1)));
      for (GatedEvent& event : random.Life(user, 2)) {
        event.event_hash = ++last_hash_;
        events.push_back(std::move(event));
      }
    }
    return events;
  }

  // Of as many users, one event today and one that no window reaches.
  std::vector<GatedEvent> Late(int users) {
    std::vector<GatedEvent> events;
    for (int k = 0; k < users; ++k) {
      for (const int days : {0, 2 * kHistoryDays}) {
        v1::Event event;
        event.mutable_event_time()->set_seconds(kFaultStartUs / 1'000'000 -
                                                86'400 * std::int64_t{days});
        event.mutable_playback()->set_ms_played(60'000);
        GatedEvent& gated = events.emplace_back();
        gated.user = TestUser(k);
        gated.event_hash = ++last_hash_;
        gated.event = event.SerializeAsString();
        gated.known_time_us = kFaultStartUs;
      }
    }
    return events;
  }

  // How many events came too late for that signal.
  std::uint64_t LateFor(const std::string& signal) const {
    for (const auto& [name, count] : ledger_->Facts().late->Counts()) {
      if (name == signal) return count;
    }
    return 0;
  }

  // As a producer does: the same events again until they are taken.
  void SendUntilTaken(const std::vector<GatedEvent>& events) {
    constexpr absl::Duration kPatience = absl::Seconds(30);
    const absl::Time start = Clock::Real().Now();
    absl::StatusOr<std::vector<Admission>> verdicts = ledger_->Commit(events);
    while (!verdicts.ok() && Clock::Real().Now() < start + kPatience) {
      ASSERT_TRUE(absl::IsUnavailable(verdicts.status())) << verdicts.status();
      if (++failures_ % kFailuresARound == 0) files_->LiftSpace();
      verdicts = ledger_->Commit(events);
    }
    ASSERT_TRUE(verdicts.ok()) << verdicts.status();
    for (const Admission verdict : *verdicts) {
      duplicates_ += verdict == Admission::kDuplicate;
    }
    sent_ += events.size();
  }

  // That the log holds each event once, and the states are its fold.
  void ExpectAllOnce() {
    std::set<std::uint64_t> logged;
    for (int partition = 0; partition < kPartitions; ++partition) {
      Position before = 0;
      ASSERT_TRUE(
          ledger_
              ->Scan(partition, 0,
                     [&](const LoggedEvent& event) {
                       EXPECT_TRUE(logged.insert(event.event_hash).second)
                           << "twice";
                       EXPECT_GT(event.position, before);
                       before = event.position;
                       return true;
                     })
              .ok());
    }
    EXPECT_EQ(logged.size(), sent_);
    FaultHistory::ExpectStates(*ledger_, kUsers);
  }

  void ProduceSideBySide(Draws& draws) {
    std::vector<std::thread> producers;
    for (std::uint64_t k = 0; k < kProducers; ++k) {
      producers.emplace_back([this, seed = draws.Next()] { Produce(seed); });
    }
    for (std::thread& producer : producers) producer.join();
  }

  void Produce(std::uint64_t seed) {
    RandomEvents random(seed, kFaultStartUs, 60);
    for (int k = 0; k < kCommits; ++k) SendUntilTaken(Some(random));
  }

  const TempFolder folder_;
  const FixedClock clock_{absl::FromUnixMicros(kFaultStartUs)};
  const std::shared_ptr<FaultyFileSystem> files_ =
      std::make_shared<FaultyFileSystem>();
  std::unique_ptr<Ledger> ledger_;
  std::atomic<std::uint64_t> last_hash_{0};
  std::atomic<std::size_t> sent_{0};
  std::atomic<int> duplicates_{0};
  std::atomic<int> failures_{0};
};

TEST_F(RocksCommitsTest, TakeEveryEventOnceWhateverFailsInBetween) {
  Draws draws(kSeed);
  // Between the rounds RocksDB looks for space again, which takes it 5 s.
  for (int round = 0; round < 5 * Rounds(); ++round) {
    files_->LimitSpace(draws.Between(0, 60'000));
    ProduceSideBySide(draws);
    files_->LiftSpace();
  }
  EXPECT_GE(failures_, kFailuresARound);
  ExpectAllOnce();
}

// Each failure makes the store be opened anew, and what failed may be there
// then: whoever sends it again hears that it is a duplicate.
TEST_F(RocksCommitsTest, TakeEveryEventOnceHoweverOftenTheDiskFails) {
  Draws draws(kSeed + 1);
  for (int round = 0; round < 2 * Rounds(); ++round) {
    files_->FailOneIn(100, draws.Next(), {FileCall::kSync, FileCall::kWrite});
    ProduceSideBySide(draws);
    files_->FailNoMore();
  }
  std::printf("%d commits failed, %d events were there afterwards\n",
              failures_.load(), duplicates_.load());
  EXPECT_GT(failures_, 0);
  EXPECT_GT(duplicates_, 0);
  ExpectAllOnce();
}

// Of few users, who are held, and of many, who are planned upon.
TEST_F(RocksCommitsTest, CountsLateEventsOnceWhenABatchIsRepeated) {
  const std::vector<std::vector<GatedEvent>> batches = {Late(2), Late(kUsers)};
  files_->LimitSpace(0);
  for (const auto& batch : batches) ASSERT_FALSE(ledger_->Commit(batch).ok());
  EXPECT_EQ(LateFor("tracks_played"), 0u) << "nothing is durable";
  files_->LiftSpace();
  for (const auto& batch : batches) SendUntilTaken(batch);
  EXPECT_EQ(LateFor("tracks_played"), std::uint64_t{2 + kUsers});
  for (const auto& batch : batches) EXPECT_TRUE(ledger_->Commit(batch).ok());
  EXPECT_EQ(LateFor("tracks_played"), std::uint64_t{2 + kUsers})
      << "an answer that got lost";
}

}  // namespace
}  // namespace tenuto
