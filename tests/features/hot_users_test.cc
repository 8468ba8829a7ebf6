#include "features/hot_users.h"

#include <string>

#include "gtest/gtest.h"
#include "tests/support/random_events.h"

namespace tenuto {
namespace {

using testing::TestUser;

constexpr std::size_t kBytesMax = std::size_t{64} * UserHolds::kStripes * 1024;

void Trim(HotUsers& hot, const UserKey& user) {
  hot.NoteSize(user);
  hot.Trim(UserHolds::StripeOf(user));
}

HotUser Sized(std::size_t bytes) { return {1, std::string(bytes, 's'), {}}; }

TEST(HotUsers, FindsWhatWasAddedUntilItIsForgotten) {
  HotUsers hot(kBytesMax);
  EXPECT_EQ(hot.Find(TestUser(1)), nullptr);
  hot.Add(TestUser(1), Sized(5)).state = "changed";
  ASSERT_NE(hot.Find(TestUser(1)), nullptr);
  EXPECT_EQ(hot.Find(TestUser(1))->state, "changed");
  hot.Forget(TestUser(1));
  hot.Forget(TestUser(2));
  EXPECT_EQ(hot.Find(TestUser(1)), nullptr);
}

TEST(HotUsers, LetsTheLeastRecentlyFoundGo) {
  HotUsers hot(kBytesMax);
  for (int user = 0; user < 3; ++user) {
    hot.Add(TestUser(1, user), Sized(25'000));
    hot.Find(TestUser(1, 0));
    Trim(hot, TestUser(1, user));
  }
  EXPECT_NE(hot.Find(TestUser(1, 0)), nullptr);
  EXPECT_EQ(hot.Find(TestUser(1, 1)), nullptr);
  EXPECT_NE(hot.Find(TestUser(1, 2)), nullptr);
}

TEST(HotUsers, CountsWhatAUserGrewBy) {
  HotUsers hot(kBytesMax);
  hot.Add(TestUser(1, 0), Sized(10));
  Trim(hot, TestUser(1, 0));
  HotUser& grown = hot.Add(TestUser(1, 1), Sized(10));
  Trim(hot, TestUser(1, 1));
  std::string marks;
  for (std::uint64_t k = 0; k < 4000; ++k) AppendMark(19'000, k, marks);
  grown.seen.Add(marks);
  Trim(hot, TestUser(1, 1));
  EXPECT_EQ(hot.Find(TestUser(1, 0)), nullptr);
  EXPECT_EQ(hot.Find(TestUser(1, 1)), nullptr) << "larger than all the room";
  Trim(hot, TestUser(1, 0));
}

TEST(HotUsers, GivesEachStripeItsShare) {
  HotUsers hot(kBytesMax);
  hot.Add(TestUser(1), Sized(50'000));
  Trim(hot, TestUser(1));
  hot.Add(TestUser(2), Sized(50'000));
  Trim(hot, TestUser(2));
  EXPECT_NE(hot.Find(TestUser(1)), nullptr);
  EXPECT_NE(hot.Find(TestUser(2)), nullptr);
}

TEST(HotUsers, ForgetsAStripeAndKnowsWhenItIsOverItsRoom) {
  HotUsers hot(kBytesMax);
  for (int user = 0; user < 200; ++user) {
    hot.Add(TestUser(user), Sized(25'000));
    hot.NoteSize(TestUser(user));
  }
  EXPECT_TRUE(hot.is_over());
  for (int k = 0; k < UserHolds::kStripes; ++k) hot.Trim(k);
  EXPECT_FALSE(hot.is_over());
  const int stripe = UserHolds::StripeOf(TestUser(199));
  EXPECT_NE(hot.Find(TestUser(199)), nullptr);
  hot.ForgetStripe(stripe);
  EXPECT_EQ(hot.Find(TestUser(199)), nullptr);
  hot.ForgetStripe(stripe);
}

}  // namespace
}  // namespace tenuto
