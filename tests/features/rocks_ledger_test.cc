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

v1::Catalogue DeclarationOf(const Catalogue& catalogue) {
  v1::Catalogue declaration;
  for (const Signal& signal : catalogue.signals()) {
    *declaration.add_signals() = signal.declaration;
  }
  return declaration;
}

TEST_F(RocksLedgerTest, FoldsTheLogAgainForOtherSignals) {
  v1::Catalogue declaration = DeclarationOf(Catalogue::Embedded());
  declaration.mutable_signals()->DeleteSubrange(2, 5);
  auto& added = *declaration.add_signals();
  added.set_id(9999);
  added.set_name("seconds_of_advert");
  added.add_event("ad_impression");
  added.set_measure("ms_shown");
  added.set_keep(v1::KEEP_DAILY_SUM);
  added.set_consent(v1::CONSENT_CLASS_CONTRACT);
  const auto other = Catalogue::Create(declaration);
  ASSERT_TRUE(other.ok()) << other.status();

  MemoryLedger scratch(*other, clock_);
  {
    const auto ledger = OpenHere();
    for (int user = 0; user < 20; ++user) {
      const auto life = random_.Life(TestUser(user * 13, user), 30);
      ASSERT_TRUE(ledger->Commit(life).ok());
      ASSERT_TRUE(scratch.Commit(life, nullptr).ok());
    }
    EXPECT_EQ(Open(folder_.path(), clock_, true, *other).status().code(),
              absl::StatusCode::kFailedPrecondition);
  }
  const auto rebuilt = Open(folder_.path(), clock_, false, *other);
  ASSERT_TRUE(rebuilt.ok()) << rebuilt.status();
  for (int user = 0; user < 20; ++user) {
    const UserKey key = TestUser(user * 13, user);
    EXPECT_EQ(StateOf(**rebuilt, key), StateOf(scratch, key)) << user;
    EXPECT_NE(StateOf(**rebuilt, key), "");
  }
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
