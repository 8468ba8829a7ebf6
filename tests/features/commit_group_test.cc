#include "features/commit_group.h"

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
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
  using Verdicts = CommitGroup::Verdicts;

  ~CommitGroupTest() override {
    for (std::thread& thread : threads_) thread.join();
  }

  // One caller commits while the others gather behind it.
  std::vector<Verdicts> CommitAll(
      const std::vector<std::vector<GatedEvent>>& callers) {
    std::vector<Verdicts> verdicts(callers.size(),
                                   absl::UnknownError("unanswered"));
    absl::BlockingCounter answers(static_cast<int>(callers.size()));
    for (std::size_t k = 0; k < callers.size(); ++k) {
      group_.Commit(callers[k], [&verdicts, &answers, k](Verdicts answer) {
        verdicts[k] = std::move(answer);
        answers.DecrementCount();
      });
      if (k == 0) slow_.started_.WaitForNotification();
    }
    slow_.go_.Notify();
    answers.Wait();
    return verdicts;
  }

  bool Run(std::function<void()> work) {
    if (free_threads_ == 0) return false;
    --free_threads_;
    absl::MutexLock lock(&mutex_);
    threads_.emplace_back(std::move(work));
    return true;
  }

  std::atomic<int> free_threads_ = 1000;
  MemoryLedger ledger_{Catalogue::Embedded()};
  SlowLedger slow_{ledger_};
  CommitGroup group_{
      slow_,
      {.events_max = 1000, .callers_max = 100},
      [this](std::function<void()> work) { return Run(std::move(work)); },
      [this](std::function<void()> work) { return Run(std::move(work)); }};
  RandomEvents random_{71, 1'700'000'000'000'000, 20};
  absl::Mutex mutex_;
  std::vector<std::thread> threads_;
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
  EXPECT_EQ(slow_.commits_, 2) << "one for the first, one for all others";
}

TEST_F(CommitGroupTest, GoesOnInItsOwnThreadWhereNoOtherIsFree) {
  free_threads_ = 1;
  const auto verdicts =
      CommitAll({random_.Life(TestUser(1), 2), random_.Life(TestUser(2), 2)});
  EXPECT_TRUE(verdicts[0].ok() && verdicts[1].ok());
}

TEST_F(CommitGroupTest, RefusesWhereNoThreadIsFreeAndRecovers) {
  free_threads_ = 0;
  const auto life = random_.Life(TestUser(1), 2);
  Verdicts refused = absl::UnknownError("unanswered");
  group_.Commit(life, [&](Verdicts answer) { refused = std::move(answer); });
  EXPECT_TRUE(absl::IsResourceExhausted(refused.status()));
  EXPECT_EQ(ledger_.Facts().last_position, 0u);
  free_threads_ = 1;
  EXPECT_TRUE(CommitAll({life})[0].ok());
}

// Enough waits for a second committer, for whom there is no thread.
TEST_F(CommitGroupTest, RefusesNobodyWhileAnotherCommits) {
  free_threads_ = 1;
  std::vector<std::vector<GatedEvent>> callers;
  for (int k = 0; k < 4; ++k) callers.push_back(random_.Life(TestUser(k), 300));
  const auto verdicts = CommitAll(callers);
  for (const Verdicts& one : verdicts) EXPECT_TRUE(one.ok()) << one.status();
}

TEST_F(CommitGroupTest, RefusesWhoWouldWaitBehindTooMany) {
  std::vector<std::vector<GatedEvent>> callers;
  for (int k = 0; k < 103; ++k) {
    callers.push_back(random_.Life(TestUser(k), 1));
  }
  const auto verdicts = CommitAll(callers);
  for (std::size_t k = 0; k < callers.size(); ++k) {
    EXPECT_EQ(verdicts[k].ok(), k <= 100) << "caller " << k;
    EXPECT_EQ(absl::IsResourceExhausted(verdicts[k].status()), k > 100);
  }
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
