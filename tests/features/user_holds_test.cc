#include "features/user_holds.h"

#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace tenuto {
namespace {

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
  UserHolds holds;
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

}  // namespace
}  // namespace tenuto
