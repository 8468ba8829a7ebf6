// R12 "backup": a checkpoint under load opens elsewhere and equals the log
// prefix to its position.
#include "features/ledger_checkpoint.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/memory_ledger.h"
#include "features/rocks_ledger.h"
#include "gtest/gtest.h"
#include "tests/support/ledger_contract.h"
#include "tests/support/temp_folder.h"

namespace tenuto::testing {
namespace {

namespace fs = std::filesystem;

constexpr int kWriters = 4;

class LedgerCheckpointTest : public ::testing::Test {
 protected:
  std::unique_ptr<Ledger> Open(const fs::path& directory, bool read_only) {
    auto ledger = OpenRocksLedger({directory, read_only, 2, &clock_},
                                  Catalogue::Embedded(), keys_);
    EXPECT_TRUE(ledger.ok()) << ledger.status();
    return ledger.ok() ? *std::move(ledger) : nullptr;
  }

  const TempFolder folder_;
  const fs::path data_ = folder_.path() / "data";
  const UserKeys keys_ = UserKeys::FromSecret("k");
  FixedClock clock_{absl::FromUnixMicros(kLedgerStartUs)};
};

struct Seen {
  Position position;
  UserKey user;
  std::string event;
  friend auto operator<=>(const Seen&, const Seen&) = default;
};

// Of all partitions, by position.
std::vector<Seen> LogOf(const Ledger& ledger, Position through) {
  std::vector<Seen> log;
  for (int partition = 0; partition < kPartitions; ++partition) {
    EXPECT_TRUE(ledger
                    .Scan(partition, 0,
                          [&](const LoggedEvent& event) {
                            if (event.position > through) return false;
                            log.push_back({event.position, event.user,
                                           std::string(event.event)});
                            return true;
                          })
                    .ok());
  }
  std::sort(log.begin(), log.end());
  return log;
}

// Every state, and nothing else, is the fold of the log.
void ExpectStatesOfTheLog(const Ledger& ledger, const std::vector<Seen>& log) {
  const SignalFold fold(Catalogue::Embedded());
  std::map<UserKey, UserState> states;
  EventView view;
  for (const Seen& seen : log) {
    ASSERT_TRUE(view.Parse(seen.event));
    fold.Apply(view, seen.position,
               states.try_emplace(seen.user, fold.layout()).first->second);
  }
  std::size_t found = 0;
  for (int partition = 0; partition < kPartitions; ++partition) {
    EXPECT_TRUE(ledger
                    .ScanStates(partition,
                                [&](const UserKey& user, absl::string_view) {
                                  found += states.contains(user);
                                  return true;
                                })
                    .ok());
  }
  EXPECT_EQ(found, states.size());
  std::string bytes;
  for (const auto& [user, state] : states) {
    state.Encode(bytes);
    EXPECT_EQ(StateOf(ledger, user), bytes);
  }
}

// R12 "backup"; with a million users in tests/integration/scale_test.cc.
TEST_F(LedgerCheckpointTest, UnderLoadEqualsTheLogPrefixToItsPosition) {
  const auto ledger = Open(data_, false);
  std::atomic<bool> stop{false};
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] {
      RandomEvents random(100 + static_cast<std::uint64_t>(w), kLedgerStartUs,
                          60);
      for (int k = 0; !stop; ++k) {
        // Small commits share the ledger, large ones take it whole.
        std::vector<GatedEvent> batch;
        for (int u = 0; u <= (k % 8 == 0 ? 12 : 1); ++u) {
          for (auto& event : random.Life(TestUser((k + u) % 256, w), 2)) {
            batch.push_back(std::move(event));
          }
        }
        EXPECT_TRUE(ledger->Commit(batch).ok());
      }
    });
  }
  std::vector<std::pair<fs::path, Position>> copies;
  Position before = 0;
  for (int k = 0; k < 4; ++k) {
    while (ledger->Facts().last_position < before + 200) {
      std::this_thread::yield();
    }
    const fs::path copy = folder_.path() / absl::StrCat("copy", k);
    const auto last = ledger->Checkpoint(copy);
    EXPECT_TRUE(last.ok()) << last.status();
    before = last.value_or(before);
    copies.emplace_back(copy, before);
  }
  stop = true;
  for (std::thread& writer : writers) writer.join();
  for (const auto& [copy, last] : copies) {
    for (const bool read_only : {true, false}) {
      const auto opened = Open(copy, read_only);
      ASSERT_NE(opened, nullptr);
      EXPECT_EQ(opened->Facts().last_position, last);
      const std::vector<Seen> log = LogOf(*opened, ~Position{0});
      EXPECT_EQ(log, LogOf(*ledger, last));
      ExpectStatesOfTheLog(*opened, log);
    }
  }
  EXPECT_GT(ledger->Facts().last_position, before);
}

TEST_F(LedgerCheckpointTest, GoesOnByItselfAndHoldsNoKey) {
  const auto ledger = Open(data_, false);
  RandomEvents random(7, kLedgerStartUs, 60);
  ASSERT_TRUE(ledger->Commit(random.Life(TestUser(1), 5)).ok());
  const fs::path copy = folder_.path() / "copy";
  ASSERT_TRUE(ledger->Checkpoint(copy).ok());
  EXPECT_FALSE(fs::exists(copy / "user.key"));
  EXPECT_EQ(fs::status(copy).permissions(), fs::perms::owner_all);
  const auto opened = Open(copy, false);
  ASSERT_TRUE(opened->Commit(random.Life(TestUser(1), 5)).ok());
  EXPECT_EQ(opened->Facts().last_position, 10u);
  EXPECT_EQ(ledger->Facts().last_position, 5u) << "apart from its origin";
  EXPECT_EQ(ledger->Checkpoint(copy).status().code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(opened->Facts().last_position, 10u) << "and what is there stays";
}

TEST_F(LedgerCheckpointTest, IsClosedToOthersFromItsFolderToItsStore) {
  const auto ledger = Open(data_, false);
  const fs::path folder = data_ / kCheckpointsFolder;
  ASSERT_TRUE(ledger->Checkpoint(folder / "monday").ok());
  for (const fs::path& made :
       {folder, folder / "monday", folder / "monday" / "rocks"}) {
    EXPECT_EQ(fs::status(made).permissions(), fs::perms::owner_all) << made;
  }
}

TEST_F(LedgerCheckpointTest, VisitsWholeOnesAndRemovesHalfMadeOnes) {
  const fs::path folder = data_ / kCheckpointsFolder;
  for (const char* name : {"b", "a"}) {
    fs::create_directories(folder / name / "rocks");
    std::ofstream(folder / name / "rocks" / "CURRENT") << "x";
  }
  fs::create_directories(folder / "half" / "rocks.tmp");
  fs::create_directories(folder / "begun");
  fs::create_directories(folder / "notes" / "of the operator");
  std::string visited;
  EXPECT_TRUE(VisitCheckpoints(data_, [&](const fs::path& checkpoint) {
                visited += checkpoint.filename();
                return absl::OkStatus();
              }).ok());
  EXPECT_EQ(visited, "ab");
  EXPECT_FALSE(fs::exists(folder / "half"));
  EXPECT_FALSE(fs::exists(folder / "begun"));
  EXPECT_TRUE(fs::exists(folder / "notes")) << "nobody said it was ours";
}

TEST_F(LedgerCheckpointTest, RepeatsOneThatACrashLeftHalfMade) {
  const fs::path folder = data_ / kCheckpointsFolder;
  Open(data_, false).reset();
  fs::create_directories(folder / "half" / "rocks.tmp");
  fs::create_directories(folder / "begun");
  Open(data_, true).reset();
  EXPECT_TRUE(fs::exists(folder / "half")) << "a reader changes nothing";
  const auto ledger = Open(data_, false);
  for (const char* name : {"half", "begun"}) {
    EXPECT_TRUE(ledger->Checkpoint(folder / name).ok()) << name;
  }
}

}  // namespace
}  // namespace tenuto::testing
