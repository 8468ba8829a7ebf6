#include "features/user_holds.h"

#include <functional>
#include <set>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"
#include "tests/support/waiting_thread.h"

namespace tenuto {
namespace {

using testing::WaitingThread;

std::vector<UserGroup> GroupsOf(const std::vector<int>& partitions) {
  std::vector<UserGroup> groups;
  for (const int partition : partitions) {
    UserKey user;
    user.bytes[0] = static_cast<std::uint8_t>(partition);
    groups.push_back({user, {}});
  }
  return groups;
}

// Plain counters, each of one user; a lost update shows a missing hold.
TEST(UserHolds, LetsOneChangeAUserAtATime) {
  constexpr int kUsers = 40;
  constexpr int kRounds = 3000;
  UserHolds holds([](int) {});
  std::vector<int> changes(kUsers, 0);
  const auto work = [&](int worker) {
    for (int round = 0; round < kRounds; ++round) {
      // Few users mostly, sometimes all; overlapping, in any order.
      std::vector<int> users;
      const int count = round % 97 == 0 ? kUsers : 3;
      for (int k = 0; k < count; ++k) {
        users.push_back((worker * 7 + round * 11 + k * 13) % kUsers);
      }
      const UserHolds::Hold hold(holds, GroupsOf(users));
      for (const int user : users) ++changes[static_cast<std::size_t>(user)];
    }
  };
  std::vector<std::thread> workers;
  for (int worker = 0; worker < 4; ++worker) workers.emplace_back(work, worker);
  for (std::thread& worker : workers) worker.join();
  const int large = (kRounds + 96) / 97;
  const int expected = 4 * (large * kUsers + (kRounds - large) * 3);
  int sum = 0;
  for (const int n : changes) sum += n;
  EXPECT_EQ(sum, expected);
}

class PlanningTest : public ::testing::Test {
 protected:
  std::set<int> forgotten_;
  UserHolds holds_{[this](int stripe) { forgotten_.insert(stripe); }};
};

TEST_F(PlanningTest, LetsTheNextBePlannedWhileOneIsWritten) {
  UserHolds::Planning first(holds_);
  ASSERT_TRUE(first.BeginWrite().ok());
  absl::Notification planned;
  bool ended = false;  // Plain: EndWrite lets the other see it.
  {
    const WaitingThread waiter([&] {
      UserHolds::Planning second(holds_);
      planned.Notify();
      EXPECT_TRUE(second.BeginWrite().ok());
      EXPECT_TRUE(ended) << "writes before the first one has ended";
      second.EndWrite(absl::OkStatus());
    });
    planned.WaitForNotification();  // For ever, if a write kept others out.
    waiter.AwaitWait();
    ended = true;
    first.EndWrite(absl::OkStatus());
  }
  EXPECT_TRUE(forgotten_.empty());
}

// One at a time: they would wait for each other, too.
TEST_F(PlanningTest, LetsNobodyElseLookBeforeTheWriteHasEnded) {
  const std::vector<std::function<void(bool&)>> looks = {
      [this](bool& ended) {
        const UserHolds::Hold hold(holds_, GroupsOf({3}));
        EXPECT_TRUE(ended);
      },
      [this](bool& ended) {
        const UserHolds::Hold everybody(holds_);
        EXPECT_TRUE(ended);
      }};
  for (const auto& look : looks) {
    bool ended = false;  // Plain: EndWrite lets the other see it.
    UserHolds::Planning planning(holds_);
    ASSERT_TRUE(planning.BeginWrite().ok());
    const WaitingThread other([&] { look(ended); });
    other.AwaitWait();
    ended = true;
    planning.EndWrite(absl::OkStatus());
  }
}

TEST_F(PlanningTest, RefusesWhatWasPlannedOnAWriteThatFailed) {
  UserHolds::Planning first(holds_);
  ASSERT_TRUE(first.BeginWrite().ok());
  {
    UserHolds::Planning second(holds_);
    first.EndWrite(absl::DataLossError("why"));
    EXPECT_EQ(second.BeginWrite(), absl::DataLossError("why"));
    EXPECT_EQ(forgotten_.size(), std::size_t{UserHolds::kStripes});
  }
  forgotten_.clear();
  UserHolds::Planning third(holds_);
  EXPECT_TRUE(third.BeginWrite().ok());
  EXPECT_TRUE(forgotten_.empty()) << "once is enough";
}

TEST_F(PlanningTest, ForgetsWhatAFailureLeftWhenItIsHeldNext) {
  {
    UserHolds::Planning planning(holds_);
    ASSERT_TRUE(planning.BeginWrite().ok());
    planning.EndWrite(absl::DataLossError("why"));
  }
  { const UserHolds::Hold hold(holds_, GroupsOf({3, 70})); }
  EXPECT_EQ(forgotten_, (std::set<int>{3, 70 % UserHolds::kStripes}));
  { const UserHolds::Hold everybody(holds_); }
  EXPECT_EQ(forgotten_.size(), std::size_t{UserHolds::kStripes});
}

}  // namespace
}  // namespace tenuto
