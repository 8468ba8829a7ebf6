#include "server/backfill_thread.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "features/rocks_ledger.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/changed_catalogue.h"
#include "tests/support/failing_ledger.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/random_events.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::int64_t kStartUs = 1'700'006'400'000'000;

// Whose first backfills end with `failure`.
class StumblingLedger final : public FailingLedger {
 public:
  StumblingLedger(Ledger& ledger, int failures, absl::Status failure)
      : FailingLedger(ledger, 0),
        ledger_(ledger),
        failures_left_(failures),
        failure_(std::move(failure)) {}
  absl::Status Backfill(
      absl::FunctionRef<bool(const BackfillProgress&)> go_on) override {
    ++backfills;
    return failures_left_-- > 0 ? failure_ : ledger_.Backfill(go_on);
  }
  std::atomic<int> backfills{0};

 private:
  Ledger& ledger_;
  int failures_left_;
  const absl::Status failure_;
};

class BackfillThreadTest : public ::testing::Test {
 protected:
  std::unique_ptr<Ledger> Open(const Catalogue& catalogue) {
    auto ledger = OpenRocksLedger({folder_.path(), false, 2, &clock_},
                                  catalogue, UserKeys::FromSecret("k"));
    EXPECT_TRUE(ledger.ok()) << ledger.status();
    return *std::move(ledger);
  }
  // With `life_` in it, folded before some signals were.
  std::unique_ptr<Ledger> OpenWithSignalsPending() {
    const Catalogue before =
        testing::Made(testing::Thinned(Catalogue::Embedded()));
    EXPECT_TRUE(Open(before)->Commit(life_).ok());
    return Open(Catalogue::Embedded());
  }

  const TempFolder folder_;
  const FixedClock clock_{absl::FromUnixMicros(kStartUs)};
  testing::RandomEvents random_{4, kStartUs, 30};
  std::vector<GatedEvent> life_ = random_.Life(testing::TestUser(9), 40);
};

TEST_F(BackfillThreadTest, FoldsWhatIsPendingWhileEventsComeIn) {
  const auto ledger = OpenWithSignalsPending();
  EXPECT_NE(ledger->Facts().pending, nullptr);
  BackfillThread thread(*ledger);
  EXPECT_FALSE(thread.done());
  thread.Start();
  while (!thread.done()) {
    const auto more = random_.Life(testing::TestUser(9), 1);
    ASSERT_TRUE(ledger->Commit(more).ok());
    life_.push_back(more[0]);
  }
  EXPECT_EQ(ledger->Facts().pending, nullptr);
  std::string state;
  ASSERT_EQ(ledger->LoadState(testing::TestUser(9), state), absl::OkStatus());
  EXPECT_EQ(state, testing::FoldAll(Catalogue::Embedded(), life_));
}

TEST_F(BackfillThreadTest, TriesAgainAfterTheDiskFailed) {
  const auto ledger = OpenWithSignalsPending();
  StumblingLedger stumbling(*ledger, 3, absl::UnavailableError("disk full"));
  BackfillThread thread(stumbling, absl::ZeroDuration());
  thread.Start();
  while (!thread.done()) std::this_thread::yield();
  EXPECT_EQ(stumbling.backfills, 4);
  EXPECT_EQ(ledger->Facts().pending, nullptr);
}

TEST_F(BackfillThreadTest, EndsWithoutWaitingWhenItIsStoppedBetweenTries) {
  const auto ledger = OpenWithSignalsPending();
  StumblingLedger full(*ledger, 1'000'000, absl::UnavailableError("disk full"));
  BackfillThread thread(full, absl::InfiniteDuration());
  thread.Start();
  while (full.backfills == 0) std::this_thread::yield();
  thread.Stop();
  EXPECT_EQ(full.backfills, 1);
  EXPECT_FALSE(thread.done());
}

TEST_F(BackfillThreadTest, DoesNotReadADamagedLogOverAndOver) {
  const auto ledger = OpenWithSignalsPending();
  StumblingLedger damaged(*ledger, 1'000'000, absl::DataLossError("position"));
  BackfillThread thread(damaged, absl::ZeroDuration());
  thread.Start();
  while (damaged.backfills == 0) std::this_thread::yield();
  thread.Stop();
  EXPECT_EQ(damaged.backfills, 1);
  EXPECT_NE(ledger->Facts().pending, nullptr);
}

TEST_F(BackfillThreadTest, StopsSoonAndLeavesTheRestToTheNext) {
  const auto ledger = OpenWithSignalsPending();
  BackfillThread thread(*ledger);
  thread.Stop();
  thread.Start();
  EXPECT_FALSE(thread.done());
  EXPECT_NE(ledger->Facts().pending, nullptr);
}

TEST_F(BackfillThreadTest, LogsEveryTenthAndWhereItWentOn) {
  for (int partition = 0; partition < kPartitions; ++partition) {
    const auto more = random_.Life(testing::TestUser(partition, 1), 1);
    life_.insert(life_.end(), more.begin(), more.end());
  }
  const auto ledger = OpenWithSignalsPending();
  const auto half = [](const BackfillProgress& now) {
    return now.partitions_done < kPartitions / 2;
  };
  ASSERT_TRUE(absl::IsCancelled(ledger->Backfill(half)));
  ::testing::internal::CaptureStderr();
  {
    BackfillThread thread(*ledger);
    thread.Start();
    while (!thread.done()) std::this_thread::yield();
  }
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("goes on at partition 128 of 256\n"));
  EXPECT_THAT(log, Not(HasSubstr("(50 %)"))) << "was done before";
  for (int tenths = 6; tenths <= 10; ++tenths) {
    const int done = (tenths * kPartitions + 9) / 10;
    EXPECT_THAT(log, HasSubstr(absl::StrCat(": ", done, " of 256 partitions")));
  }
}

TEST_F(BackfillThreadTest, IsDoneAtOnceWhenNothingIsPending) {
  const auto ledger = Open(Catalogue::Embedded());
  BackfillThread thread(*ledger);
  thread.Start();
  EXPECT_TRUE(thread.done());
}

}  // namespace
}  // namespace tenuto
