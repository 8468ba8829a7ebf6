#include "features/commit_group.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "features/catalogue.h"
#include "features/memory_ledger.h"
#include "gtest/gtest.h"
#include "tests/support/failing_ledger.h"
#include "tests/support/random_events.h"

namespace tenuto {
namespace {

using testing::RandomEvents;
using testing::TestUser;

// Keeps its first commit until told to go, and refuses an event hash.
class SlowLedger final : public FailingLedger {
 public:
  explicit SlowLedger(Ledger& ledger) : FailingLedger(ledger, 1 << 30) {}

  absl::StatusOr<std::vector<Admission>> Commit(
      absl::Span<const GatedEvent> events, const SourceMark* mark) override {
    if (commits_++ == 0) {
      started_.Notify();
      go_.WaitForNotification();
    }
    for (const GatedEvent& event : events) {
      if (event.event_hash == refused_) return absl::DataLossError("refused");
    }
    return FailingLedger::Commit(events, mark);
  }

  std::atomic<int> commits_ = 0;
  absl::Notification started_, go_;
  std::uint64_t refused_ = 0;
};

class CommitGroupTest : public ::testing::Test {
 protected:
  // One caller commits while the others gather behind it.
  std::vector<absl::StatusOr<std::vector<Admission>>> CommitAll(
      const std::vector<std::vector<GatedEvent>>& callers) {
    std::vector<absl::StatusOr<std::vector<Admission>>> verdicts(
        callers.size(), absl::UnknownError("unanswered"));
    std::vector<std::thread> threads;
    threads.emplace_back([&] { verdicts[0] = group_.Commit(callers[0]); });
    slow_.started_.WaitForNotification();
    for (std::size_t k = 1; k < callers.size(); ++k) {
      threads.emplace_back([&, k] { verdicts[k] = group_.Commit(callers[k]); });
    }
    slow_.go_.Notify();
    for (std::thread& thread : threads) thread.join();
    return verdicts;
  }

  MemoryLedger ledger_{Catalogue::Embedded()};
  SlowLedger slow_{ledger_};
  CommitGroup group_{slow_, 1000};
  RandomEvents random_{71, 1'700'000'000'000'000, 20};
};

TEST_F(CommitGroupTest, GivesEachCallerItsOwnVerdicts) {
  std::vector<std::vector<GatedEvent>> callers;
  for (int k = 0; k < 12; ++k) {
    callers.push_back(random_.Life(TestUser(k % 5, k), k + 1));
    callers.back().push_back(callers.back().front());
  }
  const auto verdicts = CommitAll(callers);
  for (std::size_t k = 0; k < callers.size(); ++k) {
    ASSERT_TRUE(verdicts[k].ok()) << verdicts[k].status();
    std::vector<Admission> expected(callers[k].size(), Admission::kAccepted);
    expected.back() = Admission::kDuplicate;
    EXPECT_EQ(*verdicts[k], expected) << "seed 71, caller " << k;
  }
  EXPECT_LE(slow_.commits_, 12);
}

TEST_F(CommitGroupTest, LetsNobodyHearOfAnothersFault) {
  std::vector<std::vector<GatedEvent>> callers;
  for (int k = 0; k < 6; ++k) {
    callers.push_back(random_.Life(TestUser(k), 3));
  }
  slow_.refused_ = callers[4][1].event_hash;
  const auto verdicts = CommitAll(callers);
  for (std::size_t k = 0; k < callers.size(); ++k) {
    EXPECT_EQ(verdicts[k].ok(), k != 4) << verdicts[k].status();
  }
}

TEST_F(CommitGroupTest, TakesAnEventOfTwoCallersOnce) {
  const auto life = random_.Life(TestUser(1), 5);
  const auto verdicts = CommitAll({life, life, life, life});
  int accepted = 0;
  for (const auto& of_caller : verdicts) {
    ASSERT_TRUE(of_caller.ok());
    for (const Admission admission : *of_caller) {
      accepted += admission == Admission::kAccepted;
    }
  }
  EXPECT_EQ(accepted, 5);
}

}  // namespace
}  // namespace tenuto
