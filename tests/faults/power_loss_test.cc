// R3, R6 and R7: the ledger on a disk that loses power, has no room, or fails
// at its n-th call.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>

#include "absl/strings/str_cat.h"
#include "features/base/status_reason.h"
#include "gtest/gtest.h"
#include "tests/faults/fault_history.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/rounds.h"
#include "tests/support/temp_folder.h"

namespace tenuto::testing {
namespace {

// One life on a machine whose power fails during it; what it did is in
// `history`, what is left on the disk in `folder`. Opening takes a number of
// calls that differs with its threads, often all of 160: in half of the lives
// the power holds until there are commits.
void LiveUntilPowerFails(FaultHistory& history, const TempFolder& folder) {
  const auto files = std::make_shared<FaultyFileSystem>();
  const bool opens = history.draws().Chance(0.5);
  const auto calls = static_cast<int>(history.draws().Between(1, 160));
  if (!opens) files->CutPowerAtCall(calls);
  if (auto ledger = history.Open(folder.path(), files); ledger.ok()) {
    if (opens) files->CutPowerAtCall(1 + calls / 4);
    for (int k = 0; k < 12 && history.Send(**ledger).ok(); ++k) {
    }
  }
  const bool cut = history.draws().Chance(0.5);
  files->LosePower(cut ? Unsynced::kCut : Unsynced::kGone, history.draws());
}

TEST(PowerLossR3, LosesNothingThatWasAcknowledged) {
  const int folders = 4 * Rounds();
  int losses = 0;
  int acknowledged = 0;
  for (int k = 0; k < folders; ++k) {
    const std::uint64_t seed = 300 + static_cast<std::uint64_t>(k);
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    FaultHistory history(seed);
    const TempFolder folder;
    for (int round = 0; round < 20; ++round, ++losses) {
      LiveUntilPowerFails(history, folder);
      const auto ledger = history.Open(folder.path());
      ASSERT_TRUE(ledger.ok()) << ledger.status();
      history.ExpectIn(**ledger);
      ASSERT_FALSE(HasFailure()) << "after " << round << " losses";
    }
    acknowledged += history.acknowledged();
  }
  std::printf("%d losses of power (seeds 300 to %d), %d commits kept\n", losses,
              299 + folders, acknowledged);
  EXPECT_GT(acknowledged, losses);
}

// A life on a disk that fails as planned.
void LiveWithAFault(FaultHistory& history, const TempFolder& folder,
                    const std::shared_ptr<FaultyFileSystem>& files) {
  auto ledger = history.Open(folder.path(), files);
  if (!ledger.ok()) return;
  for (int k = 0; k < 4; ++k) {
    if (!history.Send(**ledger).ok()) {
      history.SendAgain(**ledger).IgnoreError();
    }
    int seen = 0;
    (*ledger)
        ->Scan(1, 0, [&](const LoggedEvent&) { return ++seen < 100; })
        .IgnoreError();
  }
}

TEST(IoErrorsR7, AreAStatusAtEveryCallAndNeverHalfACommit) {
  int calls = 0;
  int opens_refused = 0;
  const int step = std::max(1, 3 - Rounds());
  for (int n = 0; n <= calls; n += n == 0 ? 1 : step) {
    SCOPED_TRACE(absl::StrCat("the call that fails: ", n, ", seed 700"));
    FaultHistory history(700);
    const TempFolder folder;
    {  // A log to recover from.
      const auto ledger = history.Open(folder.path());
      ASSERT_TRUE(ledger.ok()) << ledger.status();
      for (int k = 0; k < 3; ++k) {
        ASSERT_TRUE(history.Send(**ledger).ok());
      }
    }
    const auto files = std::make_shared<FaultyFileSystem>();
    if (n > 0) files->FailCall(n);
    LiveWithAFault(history, folder, files);
    if (n == 0) calls = files->calls();
    opens_refused += history.acknowledged() == 3;
    const auto ledger = history.Open(folder.path());
    ASSERT_TRUE(ledger.ok()) << ledger.status();
    history.ExpectIn(**ledger);
    ASSERT_FALSE(HasFailure());
  }
  std::printf("each of %d calls failed once (step %d); %d opens refused\n",
              calls, step, opens_refused);
  EXPECT_GT(calls, 50);
  EXPECT_GT(opens_refused, 0);
}

TEST(IoErrorsR7, ComeAtRandomAndAreOvercome) {
  const int rounds = 10 * Rounds();
  for (int round = 0; round < rounds; ++round) {
    const std::uint64_t seed = 800 + static_cast<std::uint64_t>(round);
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    FaultHistory history(seed);
    const TempFolder folder;
    for (int life = 0; life < 4; ++life) {
      const auto files = std::make_shared<FaultyFileSystem>();
      files->FailOneIn(25, seed);
      LiveWithAFault(history, folder, files);
    }
    const auto ledger = history.Open(folder.path());
    ASSERT_TRUE(ledger.ok()) << ledger.status();
    history.ExpectIn(**ledger);
    ASSERT_FALSE(HasFailure());
  }
}

std::string ReasonIn(const absl::Status& status) {
  const auto reason = status.GetPayload(kReasonUrl);
  return reason ? std::string(*reason) : "";
}

TEST(DiskFullR6, StopsWritesOnlyAndEndsByItself) {
  FaultHistory history(600);
  const TempFolder folder;
  const auto files = std::make_shared<FaultyFileSystem>();
  auto ledger = history.Open(folder.path(), files);
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  const int times = std::min(Rounds(), 4);
  for (int time = 0; time < times; ++time) {
    SCOPED_TRACE(absl::StrCat("full for the ", time + 1, ". time, seed 600"));
    files->LimitSpace(40'000);
    absl::Status status;
    for (int k = 0; k < 1000 && status.ok(); ++k) {
      status = history.Send(**ledger);
    }
    for (int k = 0; k < 20; ++k) {
      ASSERT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
      ASSERT_EQ(ReasonIn(status), "DISK_FULL") << status;
      history.ExpectStates(**ledger);
      status = history.SendAgain(**ledger);
    }
    EXPECT_GT((*ledger)->Facts().faults.disk_full, 20 * time);
    files->LiftSpace();
    const auto start = std::chrono::steady_clock::now();
    std::chrono::duration<double> waited{0};
    do {
      status = history.SendAgain(**ledger);
      waited = std::chrono::steady_clock::now() - start;
      history.ExpectStates(**ledger);
    } while (!status.ok() && waited.count() < 10);
    ASSERT_TRUE(status.ok()) << status;
    std::printf("writes again %.3f s after there was space\n", waited.count());
    ASSERT_TRUE(history.Send(**ledger).ok());
  }
  ledger->reset();
  ledger = history.Open(folder.path());
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  history.ExpectIn(**ledger);
}

}  // namespace
}  // namespace tenuto::testing
