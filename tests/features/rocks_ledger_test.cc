#include "features/rocks_ledger.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "features/memory_ledger.h"
#include "features/state_layouts.h"
#include "tests/support/changed_catalogue.h"
#include "tests/support/ledger_contract_tests.h"
#include "tests/support/temp_folder.h"

namespace tenuto::testing {
namespace {

namespace fs = std::filesystem;

absl::StatusOr<std::unique_ptr<Ledger>> Open(
    const fs::path& directory, const Clock& clock, bool read_only = false,
    const Catalogue& catalogue = Catalogue::Embedded(),
    const UserKeys& keys = UserKeys::FromSecret("k")) {
  return OpenRocksLedger({directory, read_only, 2, &clock}, catalogue, keys);
}

struct MakeRocksLedger {
  std::unique_ptr<Ledger> Make(const Clock& clock) {
    auto ledger = Open(folder.path(), clock);
    EXPECT_TRUE(ledger.ok()) << ledger.status();
    return *std::move(ledger);
  }
  TempFolder folder;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Rocks, LedgerContract, MakeRocksLedger);

class RocksLedgerTest : public ::testing::Test {
 protected:
  std::unique_ptr<Ledger> OpenHere(bool read_only = false) {
    auto ledger = Open(folder_.path(), clock_, read_only);
    EXPECT_TRUE(ledger.ok()) << ledger.status();
    return ledger.ok() ? *std::move(ledger) : nullptr;
  }
  absl::Status OpenError(bool read_only, const UserKeys& keys) {
    return Open(folder_.path(), clock_, read_only, Catalogue::Embedded(), keys)
        .status();
  }

  const TempFolder folder_;
  const FixedClock clock_{absl::FromUnixMicros(kLedgerStartUs)};
  RandomEvents random_{51, kLedgerStartUs, 60};
};

TEST_F(RocksLedgerTest, HasEverythingAfterReopening) {
  const auto life = random_.Life(TestUser(3), 40);
  const SourceMark mark{"file", "40"};
  auto ledger = OpenHere();
  ASSERT_TRUE(ledger->Commit(life, &mark).ok());
  const auto facts = ledger->Facts();
  const std::string state = StateOf(*ledger, TestUser(3));
  ledger.reset();
  ledger = OpenHere();
  EXPECT_EQ(StateOf(*ledger, TestUser(3)), state);
  EXPECT_EQ(*ledger->LoadMark("file"), "40");
  EXPECT_EQ(ledger->Facts().last_position, facts.last_position);
  EXPECT_EQ(ledger->Facts().history_start, facts.history_start);
  EXPECT_EQ(ledger->Facts().history_end, facts.history_end);
  EXPECT_EQ((*ledger->Commit(life))[0], Admission::kDuplicate);
  ASSERT_TRUE(ledger->Commit(random_.Life(TestUser(3), 1)).ok());
  EXPECT_EQ(ledger->Facts().last_position, facts.last_position + 1);
}

TEST_F(RocksLedgerTest, IsReadBesideItsWriter) {
  EXPECT_EQ(OpenError(true, UserKeys::FromSecret("k")).code(),
            absl::StatusCode::kNotFound);
  auto writer = OpenHere();
  ASSERT_TRUE(writer->Commit(random_.Life(TestUser(3), 10)).ok());
  const auto reader = OpenHere(true);
  ASSERT_NE(reader, nullptr);
  EXPECT_EQ(StateOf(*reader, TestUser(3)), StateOf(*writer, TestUser(3)));
  EXPECT_EQ(reader->Facts().last_position, 10u);
  EXPECT_EQ(reader->Commit(random_.Life(TestUser(3), 1)).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(writer->Commit(random_.Life(TestUser(3), 1)).ok());
}

TEST_F(RocksLedgerTest, SaysWhichProcessHoldsIt) {
  OpenHere().reset();
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto held = Open(folder_.path(), clock_);
    const char answer = held.ok() ? 'y' : 'n';
    if (::write(ready[1], &answer, 1) != 1) ::_exit(1);
    ::pause();
    ::_exit(0);
  }
  char answer = 0;
  ASSERT_EQ(::read(ready[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  const absl::Status status = OpenError(false, UserKeys::FromSecret("k"));
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(status.message().find(absl::StrCat("process ", child, " (")),
            std::string::npos)
      << status;
  EXPECT_TRUE(OpenError(true, UserKeys::FromSecret("k")).ok());
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_NE(OpenHere(), nullptr) << "and lets go when the holder dies";
}

TEST_F(RocksLedgerTest, KeepsItsLockWhenOpenedTwiceInOneProcess) {
  const auto holder = OpenHere();
  const absl::Status again = OpenError(false, UserKeys::FromSecret("k"));
  EXPECT_EQ(again.code(), absl::StatusCode::kFailedPrecondition) << again;
  const pid_t child = ::fork();
  if (child == 0) {
    struct flock lock = {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    const int fd = ::open((folder_.path() / "rocks/LOCK").c_str(), O_RDWR);
    ::_exit(::fcntl(fd, F_SETLK, &lock) == 0 ? 1 : 0);
  }
  int result = 0;
  ::waitpid(child, &result, 0);
  EXPECT_EQ(result, 0) << "another process could take the lock";
}

TEST_F(RocksLedgerTest, RefusesAnotherUserKey) {
  OpenHere().reset();
  for (const bool read_only : {false, true}) {
    const absl::Status status =
        OpenError(read_only, UserKeys::FromSecret("other"));
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_NE(status.message().find("user key"), std::string::npos);
  }
}

// Ledgers of a later release, whose catalogue has lost and won signals.
class LaterCatalogue : public RocksLedgerTest {
 protected:
  static constexpr int kUsers = 20;
  static UserKey User(int k) { return TestUser(k * 13, k); }
  static Catalogue MakeLater() {
    v1::Catalogue declaration = SignalsOf(Catalogue::Embedded());
    declaration.mutable_signals()->DeleteSubrange(2, 5);
    AddAdvertSeconds(9999, declaration);
    return Made(declaration);
  }
  // Lives of all users by the catalogue of today, also into `scratch_`.
  void CommitLives(Ledger& ledger) {
    for (int user = 0; user < kUsers; ++user) {
      const auto life = random_.Life(User(user), 30);
      ASSERT_TRUE(ledger.Commit(life).ok());
      ASSERT_TRUE(scratch_.Commit(life, nullptr).ok());
    }
  }
  std::unique_ptr<Ledger> OpenLater(bool read_only = false) {
    auto ledger = Open(folder_.path(), clock_, read_only, later_);
    EXPECT_TRUE(ledger.ok()) << ledger.status();
    return *std::move(ledger);
  }
  void ExpectWhole(const Ledger& ledger) {
    EXPECT_EQ(ledger.Facts().pending, nullptr);
    for (int user = 0; user < kUsers; ++user) {
      EXPECT_EQ(StateOf(ledger, User(user)), StateOf(scratch_, User(user)));
      EXPECT_NE(StateOf(ledger, User(user)), "");
    }
    int visited = 0;
    for (int partition = 0; partition < kPartitions; ++partition) {
      EXPECT_EQ(
          ledger.ScanStates(partition,
                            [&](const UserKey& user, absl::string_view state) {
                              EXPECT_EQ(state, StateOf(scratch_, user));
                              return ++visited > 0;
                            }),
          absl::OkStatus());
    }
    EXPECT_EQ(visited, kUsers);
  }

  const Catalogue later_ = MakeLater();
  MemoryLedger scratch_{later_, clock_};
};

TEST_F(LaterCatalogue, OpensAtOnceAndHasTheNewSignalPending) {
  CommitLives(*OpenHere());
  for (const bool read_only : {true, false, true, false}) {
    const auto ledger = OpenLater(read_only);
    ASSERT_NE(ledger->Facts().pending, nullptr);
    EXPECT_EQ(ledger->Facts().pending->ids(), std::vector<std::uint32_t>{9999});
    UserState state{StateLayout(later_)};
    EXPECT_EQ(state.Decode(StateOf(*ledger, User(4))), absl::OkStatus());
    UserState whole{StateLayout(later_)};
    ASSERT_EQ(whole.Decode(StateOf(scratch_, User(4))), absl::OkStatus());
    EXPECT_EQ(state.totals, whole.totals);
    EXPECT_EQ(state.last_times, whole.last_times);
    EXPECT_EQ(state.recents, whole.recents);
  }
}

TEST_F(LaterCatalogue, IsWholeAfterABackfillThatWasKilledAndGoneOnWith) {
  CommitLives(*OpenHere());
  absl::Status status = absl::CancelledError();
  for (int allowed = 3; absl::IsCancelled(status); allowed *= 3) {
    const auto ledger = OpenLater();
    EXPECT_NE(ledger->Facts().pending, nullptr);
    CommitLives(*ledger);
    int asked = 0;
    status = ledger->Backfill(
        [&](const BackfillProgress&) { return ++asked < allowed; });
  }
  ASSERT_EQ(status, absl::OkStatus());
  ExpectWhole(*OpenLater(true));
  ExpectWhole(*OpenLater());
}

TEST_F(LaterCatalogue, TakesInEventsWhileItIsBackfilled) {
  CommitLives(*OpenHere());
  const auto ledger = OpenLater();
  CommitLives(*ledger);  // Now their states are at hand, without the past.
  std::thread writer([&] {
    for (int round = 0; round < 5; ++round) CommitLives(*ledger);
  });
  EXPECT_EQ(ledger->Backfill([](const BackfillProgress&) { return true; }),
            absl::OkStatus());
  writer.join();
  CommitLives(*ledger);
  ExpectWhole(*ledger);
}

TEST_F(LaterCatalogue, FoldsTheLogAgainWhenNobodyWroteTheSignalsDown) {
  CommitLives(*OpenHere());
  {
    // As a ledger was before layouts were written down.
    const auto store = *RocksStore::Open({folder_.path(), false, 2});
    StoreBatch batch(*store);
    batch.Put(Family::kMeta, kLayoutsKey, "");
    ASSERT_EQ(store->Write(batch), absl::OkStatus());
  }
  EXPECT_EQ(Open(folder_.path(), clock_, true, later_).status().code(),
            absl::StatusCode::kFailedPrecondition);
  ExpectWhole(*OpenLater());
}

// Size of the newest write-ahead log, which is then cut to `keep` bytes.
std::uintmax_t CutLog(const fs::path& rocks, std::uintmax_t cut) {
  fs::path newest;
  for (const auto& entry : fs::directory_iterator(rocks)) {
    if (entry.path().extension() != ".log") continue;
    if (newest.empty() || entry.path() > newest) newest = entry.path();
  }
  const std::uintmax_t size = fs::file_size(newest);
  if (cut < size) fs::resize_file(newest, size - cut);
  return size;
}

TEST_F(RocksLedgerTest, OpensWithAPrefixWhenTheLogsTailIsTorn) {
  const TempFolder before;
  std::vector<std::string> states = {""};
  const auto life = random_.Life(TestUser(3), 10);
  {
    const auto ledger = OpenHere();
    for (const GatedEvent& event : life) {
      ASSERT_TRUE(ledger->Commit({&event, 1}).ok());
      states.push_back(StateOf(*ledger, TestUser(3)));
    }
    // As a crash leaves it: copied while open.
    fs::copy(folder_.path() / "rocks", before.path() / "rocks",
             fs::copy_options::recursive);
  }
  int shorter = 0;
  for (std::uintmax_t cut = 0; cut <= 1600; cut += 197) {
    const TempFolder torn;
    fs::copy(before.path() / "rocks", torn.path() / "rocks",
             fs::copy_options::recursive);
    CutLog(torn.path() / "rocks", cut);
    const auto ledger = Open(torn.path(), clock_);
    ASSERT_TRUE(ledger.ok()) << ledger.status() << " after cutting " << cut;
    const Position last = (*ledger)->Facts().last_position;
    ASSERT_LE(last, life.size());
    shorter += last < life.size();
    EXPECT_EQ(StateOf(**ledger, TestUser(3)), states[last]);
    std::vector<std::string> texts;
    ASSERT_EQ(ScanAll(**ledger, 3, 0, texts).size(), last);
    // The lost events may come again; the kept ones are known.
    const auto verdicts = (*ledger)->Commit(life);
    ASSERT_TRUE(verdicts.ok());
    for (std::size_t k = 0; k < life.size(); ++k) {
      EXPECT_EQ((*verdicts)[k],
                k < last ? Admission::kDuplicate : Admission::kAccepted);
    }
    EXPECT_EQ(StateOf(**ledger, TestUser(3)), states.back());
  }
  EXPECT_GT(shorter, 0);
}

TEST_F(RocksLedgerTest, KeepsTheHistorysEndsWhenManyCommitAtOnce) {
  auto ledger = OpenHere();
  std::vector<std::thread> threads;
  constexpr int kThreads = 4;
  constexpr int kEach = 40;
  std::vector<std::vector<GatedEvent>> lives;
  for (int t = 0; t < kThreads; ++t) {
    lives.push_back(random_.Life(TestUser(t), kEach));
    for (int k = 0; k < kEach; ++k) {
      lives.back()[static_cast<std::size_t>(k)].known_time_us =
          1'000'000 + (k % 2 ? 1 : -1) * (k * kThreads + t);
    }
  }
  for (const auto& life : lives) {
    threads.emplace_back([&ledger, &life] {
      for (const GatedEvent& event : life) {
        EXPECT_TRUE(ledger->Commit({&event, 1}).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto start = absl::FromUnixMicros(1'000'000 - 38 * kThreads - 3);
  const auto end = absl::FromUnixMicros(1'000'000 + 39 * kThreads + 3);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(ledger->Facts().history_start, start);
    EXPECT_EQ(ledger->Facts().history_end, end);
    EXPECT_EQ(ledger->Facts().last_position,
              static_cast<Position>(kThreads * kEach));
    ledger.reset();
    ledger = OpenHere();
  }
}

}  // namespace
}  // namespace tenuto::testing
