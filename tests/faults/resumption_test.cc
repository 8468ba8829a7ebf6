// R7: what comes of a ledger while its disk fails at any call, says that it is
// full, or fails for long; nothing is restarted.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "features/base/status_reason.h"
#include "features/store_lock.h"
#include "gtest/gtest.h"
#include "tests/faults/fault_history.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/rounds.h"
#include "tests/support/temp_folder.h"

namespace tenuto::testing {
namespace {

std::string ReasonIn(const absl::Status& status) {
  const auto reason = status.GetPayload(kReasonUrl);
  return reason ? std::string(*reason) : "";
}

// Sends the newest commit again until it is taken, for 10 s at most.
absl::Status SendUntilTaken(FaultHistory& history, Ledger& ledger) {
  const auto start = std::chrono::steady_clock::now();
  absl::Status status;
  std::chrono::duration<double> waited{0};
  do {
    status = history.SendAgain(ledger);
    history.ExpectStates(ledger);
    waited = std::chrono::steady_clock::now() - start;
  } while (absl::IsUnavailable(status) && waited.count() < 10);
  return status;
}

// As after a kill: what the next process finds.
void ExpectAfterReopening(FaultHistory& history, const TempFolder& folder,
                          std::unique_ptr<Ledger> ledger) {
  const LedgerFacts before = ledger->Facts();
  ledger.reset();
  const auto opened = history.Open(folder.path() / "ledger");
  ASSERT_TRUE(opened.ok()) << opened.status();
  history.ExpectIn(**opened);
  const LedgerFacts after = (*opened)->Facts();
  EXPECT_EQ(before.last_position, after.last_position);
  EXPECT_EQ(before.history_start, after.history_start);
  EXPECT_EQ(before.history_end, after.history_end);
}

struct Failure {
  int call = 0;  // Of those kinds, counted from when the ledger was opened.
  std::set<FileCall> kinds;
  FailsAs as = FailsAs::kIoError;
};
struct Failed {
  int commits = 0;
  int checkpoints = 0;
};

// Commits, with flushes, new logs and new manifests in between.
void LiveThrough(const Failure& failure, Failed& failed) {
  FaultHistory history(702);
  const TempFolder folder;
  const auto files = std::make_shared<FaultyFileSystem>();
  auto ledger = history.Open(folder.path() / "ledger", files);
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  files->FailCall(failure.call, failure.kinds, failure.as);
  for (int k = 0; k < 6; ++k) {
    absl::Status status = history.Send(**ledger);
    if (!status.ok()) {
      ++failed.commits;
      ASSERT_TRUE(absl::IsUnavailable(status)) << status;
      EXPECT_EQ(ReasonIn(status),
                failure.as == FailsAs::kNoSpace ? "DISK_FULL" : "IO_ERROR")
          << status;
      status = SendUntilTaken(history, **ledger);
    }
    ASSERT_EQ(status, absl::OkStatus());
    history.ExpectIn(**ledger);
    if (k % 3 != 2) continue;
    const auto checkpoint = [&](int attempt) {
      return (*ledger)
          ->Checkpoint(folder.path() / absl::StrCat("copy", k, "-", attempt))
          .status();
    };
    if (checkpoint(0).ok()) continue;
    ++failed.checkpoints;
    int attempt = 1;  // Nobody writes meanwhile.
    while (attempt < 9 && !checkpoint(attempt).ok()) ++attempt;
    EXPECT_LT(attempt, 9);
  }
  ExpectAfterReopening(history, folder, *std::move(ledger));
}

TEST(FailuresR7, OfAnyCallEndByThemselvesAndLeaveWholeCommits) {
  const int step = std::max(1, 10 - Rounds());
  Failed failed;
  for (const FailsAs as : {FailsAs::kIoError, FailsAs::kNoSpace}) {
    for (int n = 1; n < 100; n += n < 8 ? 1 : step) {
      SCOPED_TRACE(absl::StrCat("call ", n, ", ",
                                as == FailsAs::kNoSpace ? "space" : "error"));
      LiveThrough({n, kEveryCall, as}, failed);
      if (n < 8) LiveThrough({n, {FileCall::kSync}, as}, failed);
      ASSERT_FALSE(HasFailure());
    }
  }
  std::printf("%d commits and %d checkpoints failed\n", failed.commits,
              failed.checkpoints);
  EXPECT_GT(failed.commits, 10);
  EXPECT_GT(failed.checkpoints, 10);
}

TEST(IoErrorsR7, SayThatTheyAreOneLeaveReadsAloneAndEndByThemselves) {
  for (const FileCall failing : {FileCall::kSync, FileCall::kWrite}) {
    FaultHistory history(700);
    const TempFolder folder;
    const auto files = std::make_shared<FaultyFileSystem>();
    auto ledger = history.Open(folder.path() / "ledger", files);
    ASSERT_TRUE(ledger.ok()) << ledger.status();
    for (int time = 1; time <= 3; ++time) {
      SCOPED_TRACE(absl::StrCat("time ", time, ", seed 700"));
      ASSERT_TRUE(history.Send(**ledger).ok());
      files->FailCall(1, {failing});
      const absl::Status status = history.Send(**ledger);
      EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
      EXPECT_EQ(ReasonIn(status), "IO_ERROR") << status;
      EXPECT_GE((*ledger)->Facts().faults.io, time);
      history.ExpectStates(**ledger);
      EXPECT_EQ(SendUntilTaken(history, **ledger), absl::OkStatus());
      history.ExpectIn(**ledger);
    }
    ExpectAfterReopening(history, folder, *std::move(ledger));
  }
}

// Asks in another process, which has no lock to lose.
bool IsHeld(const std::filesystem::path& directory) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(WriterOf(directory).empty() ? 1 : 0);
  int status = 0;
  ::waitpid(child, &status, 0);
  return status == 0;
}

TEST(IoErrorsR7, LastAsLongAsTheDiskFailsOrSomebodyReadsWhatWasOpen) {
  FaultHistory history(701);
  const TempFolder folder;
  const auto files = std::make_shared<FaultyFileSystem>();
  auto ledger = history.Open(folder.path(), files);
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  ASSERT_TRUE(history.Send(**ledger).ok());
  files->FailOneIn(1, 701, {FileCall::kSync});
  ASSERT_TRUE(absl::IsUnavailable(history.Send(**ledger)));
  const auto expect_refused = [&] {
    for (int k = 0; k < 5; ++k) {
      const absl::Status status = history.SendAgain(**ledger);
      ASSERT_TRUE(absl::IsUnavailable(status)) << status;
      ASSERT_EQ(ReasonIn(status), "IO_ERROR") << status;
      history.ExpectStates(**ledger);
    }
    EXPECT_TRUE(IsHeld(folder.path())) << "another could write meanwhile";
  };
  expect_refused();
  files->FailNoMore();
  EXPECT_EQ(SendUntilTaken(history, **ledger), absl::OkStatus());
  files->FailCall(1, {FileCall::kSync});
  ASSERT_TRUE(absl::IsUnavailable(history.Send(**ledger)));
  int refused = 0;
  for (int partition = 0; partition < kPartitions; ++partition) {
    ASSERT_TRUE((*ledger)
                    ->Scan(partition, 0,
                           [&](const LoggedEvent&) {
                             if (refused++ == 0) expect_refused();
                             return true;
                           })
                    .ok());
  }
  EXPECT_GT(refused, 0) << "nobody read";
  EXPECT_EQ(SendUntilTaken(history, **ledger), absl::OkStatus());
  history.ExpectIn(**ledger);
  ledger->reset();
  EXPECT_FALSE(IsHeld(folder.path()));
}

}  // namespace
}  // namespace tenuto::testing
