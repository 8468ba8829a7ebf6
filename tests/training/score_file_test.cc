#include "training/score_file.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "features/base/atomic_file.h"
#include "features/memory_ledger.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/model_registry.h"
#include "tests/support/churn_bundle.h"
#include "tests/support/damaged_ledger.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/random_events.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kStartUs = 1'700'006'400'000'000;
constexpr int kUsers = 64;  // In every fourth partition.

// Kills its process when a partition is read.
class KillingLedger final : public FailingLedger {
 public:
  KillingLedger(Ledger& ledger, int partition)
      : FailingLedger(ledger, 0), partition_(partition) {}
  absl::Status ScanStates(
      int partition,
      absl::FunctionRef<bool(const UserKey&, absl::string_view)> visit)
      const override {
    if (partition == partition_) ::kill(::getpid(), SIGKILL);
    return FailingLedger::ScanStates(partition, visit);
  }

 private:
  const int partition_;
};

class ScoreFileTest : public ::testing::Test {
 protected:
  ScoreFileTest() {
    WriteChurnBundle(folder_.path(), catalogue_);
    bundle_ = Champion();
    testing::RandomEvents random(7, kStartUs, 60);
    for (int k = 0; k < kUsers; ++k) {
      EXPECT_TRUE(
          ledger_
              .Commit(random.Life(testing::TestUser(k * 4 % 256, k), 20),
                      nullptr)
              .ok());
    }
  }

  std::shared_ptr<const ModelBundle> Champion() const {
    return ModelBundle::Open(FindChampion(folder_.path(), "churn_14d").value(),
                             catalogue_)
        .value();
  }
  ScoreFileOptions Options(const std::string& name) const {
    return {.output = folder_.path() / name,
            .as_of = ledger_.Facts().history_end,
            .erased = "nobody"};
  }
  // What a whole, undisturbed run writes.
  std::string Undisturbed(ScoreFileOptions options) {
    options.output = folder_.path() / "undisturbed.csv";
    report_ = *WriteScoreFile(ledger_, *bundle_, options, clock_);
    return *ReadFile(options.output);
  }
  // Runs and is killed when it comes to `partition`.
  void KillAt(int partition, const ScoreFileOptions& options) {
    const pid_t child = ::fork();
    if (child == 0) {
      KillingLedger killing(ledger_, partition);
      const auto report = WriteScoreFile(killing, *bundle_, options, clock_);
      ::_exit(report.ok() ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
    EXPECT_FALSE(std::filesystem::exists(options.output));
  }
  // Goes on behind a kill; says how many users it found scored.
  std::int64_t GoOn(const ScoreFileOptions& options) {
    ::testing::internal::CaptureStderr();
    const auto report = WriteScoreFile(ledger_, *bundle_, options, clock_);
    said_ = ::testing::internal::GetCapturedStderr();
    EXPECT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(report->users, report_.users);
    EXPECT_EQ(report->eligible, report_.eligible);
    EXPECT_EQ(report->probability_sum, report_.probability_sum);
    return report->users_found;
  }

  const Catalogue& catalogue_ = Catalogue::Embedded();
  const FixedClock clock_{absl::FromUnixMicros(kStartUs)};
  const TempFolder folder_;
  MemoryLedger ledger_{catalogue_, clock_};
  std::shared_ptr<const ModelBundle> bundle_;
  ScoreFileReport report_;
  std::string said_;
};

TEST_F(ScoreFileTest, HasALineAUserByRisingKey) {
  const std::string bytes = Undisturbed(Options("scores.csv"));
  std::vector<std::string> lines =
      absl::StrSplit(bytes, '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), 1U + kUsers);
  EXPECT_EQ(lines[0], "user_key,eligible,probability");
  lines.erase(lines.begin());
  EXPECT_TRUE(std::is_sorted(lines.begin(), lines.end()));
  int eligible = 0;
  for (const std::string& line : lines) {
    const std::vector<std::string> cells = absl::StrSplit(line, ',');
    ASSERT_EQ(cells.size(), 3U);
    EXPECT_EQ(cells[0].size(), 32U);
    eligible += cells[1] == "1";
  }
  EXPECT_EQ(lines[1].substr(0, 32), testing::TestUser(4, 1).Hex());
  EXPECT_EQ(report_.users, kUsers);
  EXPECT_EQ(report_.eligible, eligible);
}

TEST_F(ScoreFileTest, HasTheSameBytesOnOneThreadAndOnThree) {
  ScoreFileOptions options = Options("scores.csv");
  options.reason_count_max = 2;
  const std::string one = Undisturbed(options);
  options.threads = 3;
  EXPECT_EQ(Undisturbed(options), one);
  EXPECT_THAT(one, HasSubstr("user_key,eligible,probability,reasons\n"));
  EXPECT_THAT(one, HasSubstr("; "));
}

TEST_F(ScoreFileTest, IsTheSameWhenItWasKilledAndTakenUpAgain) {
  for (const int threads : {1, 2}) {
    ScoreFileOptions options = Options(absl::StrCat("killed", threads));
    options.threads = threads;
    const std::string expected = Undisturbed(options);
    KillAt(100, options);
    KillAt(180, options);  // The second run goes on, and is killed, too.
    const std::int64_t found = GoOn(options);
    EXPECT_GT(found, 25);
    EXPECT_LE(found, 45);  // In partitions 0 to 179.
    EXPECT_THAT(said_, HasSubstr("going on where an earlier run stopped"));
    EXPECT_EQ(*ReadFile(options.output), expected);
    EXPECT_FALSE(std::filesystem::exists(
        absl::StrCat(options.output.string(), ".partial")));
  }
}

TEST_F(ScoreFileTest, StartsAgainWhenAnythingElseIsToBeWritten) {
  const ScoreFileOptions options = Options("scores.csv");
  const auto expect_new = [&](const ScoreFileOptions& other) {
    KillAt(200, options);
    const std::string expected = Undisturbed(other);
    EXPECT_EQ(GoOn(other), 0);
    EXPECT_THAT(said_, HasSubstr("is of another run (scores by model "
                                 "churn_14d/1 ("));
    EXPECT_EQ(*ReadFile(other.output), expected);
    std::filesystem::remove(other.output);
  };
  ScoreFileOptions other = options;
  other.as_of -= absl::Hours(24 * 10);
  expect_new(other);
  other = options;
  other.reason_count_max = 1;
  expect_new(other);
  other = options;
  other.erased = "somebody";
  expect_new(other);

  KillAt(200, options);
  WriteChurnBundle(folder_.path(), catalogue_, "churn_14d", 2);
  bundle_ =
      ModelBundle::Open(folder_.path() / "churn_14d" / "2", catalogue_).value();
  const std::string of_the_next = Undisturbed(options);
  EXPECT_EQ(GoOn(options), 0);
  EXPECT_EQ(*ReadFile(options.output), of_the_next);
}

TEST_F(ScoreFileTest, StartsAgainWhenTheLedgerWentOn) {
  const ScoreFileOptions options = Options("scores.csv");
  KillAt(200, options);
  testing::RandomEvents random(8, kStartUs, 2);
  ASSERT_TRUE(
      ledger_.Commit(random.Life(testing::TestUser(1, 1), 5), nullptr).ok());
  ScoreFileOptions now = Options("scores.csv");
  const std::string expected = Undisturbed(now);
  EXPECT_EQ(GoOn(now), 0);
  EXPECT_EQ(*ReadFile(options.output), expected);
}

TEST_F(ScoreFileTest, ShowsTheErrorAndNotThatOthersWaitedForIt) {
  ScoreFileOptions options = Options("scores.csv");
  const std::string expected = Undisturbed(options);
  for (const int threads : {1, 2, 4}) {
    options.threads = threads;
    DamagedLedger damaged(ledger_, 100);
    EXPECT_EQ(
        WriteScoreFile(damaged, *bundle_, options, clock_).status(),
        absl::DataLossError("partition 100: a user state does not decode"));
    EXPECT_FALSE(std::filesystem::exists(options.output));
  }
  GoOn(options);
  EXPECT_EQ(*ReadFile(options.output), expected);
}

}  // namespace
}  // namespace tenuto
