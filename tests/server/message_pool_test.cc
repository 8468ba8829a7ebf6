#include "server/message_pool.h"

#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tenuto/v1/scoring.pb.h"

namespace tenuto {
namespace {

using Pool = MessagePool<v1::ScoreUsersRequest, v1::ScoreUsersResponse>;

TEST(MessagePool, GivesEmptyMessagesWithTheMemoryOfTheFormerCall) {
  Pool pool;
  auto* holder = pool.AllocateMessages();
  const v1::ScoreUsersRequest* const request = holder->request();
  holder->request()->set_model("churn_14d");
  holder->response()->add_scores()->set_margin(1);
  const v1::UserScore* const score = &holder->response()->scores(0);
  holder->Release();

  holder = pool.AllocateMessages();
  EXPECT_EQ(holder->request(), request);
  EXPECT_EQ(holder->request()->ByteSizeLong(), 0u);
  EXPECT_EQ(holder->response()->ByteSizeLong(), 0u);
  EXPECT_EQ(holder->response()->add_scores(), score);
  EXPECT_EQ(score->margin(), 0);
  holder->Release();
}

TEST(MessagePool, SharesNothingBetweenCallsAtOneTime) {
  Pool pool;
  std::set<void*> messages;
  std::vector<decltype(pool.AllocateMessages())> holders;
  for (std::size_t k = 0; k < 2 * Pool::kKeptMax; ++k) {
    holders.push_back(pool.AllocateMessages());
    messages.insert({holders.back()->request(), holders.back()->response()});
  }
  EXPECT_EQ(messages.size(), 4 * Pool::kKeptMax);
  for (auto* holder : holders) holder->Release();
}

TEST(MessagePool, ForgetsWhatALargeCallNeeded) {
  Pool pool;
  auto* small = pool.AllocateMessages();
  auto* large = pool.AllocateMessages();
  large->request()->add_user_ids(std::string(Pool::kKeptRequestBytesMax, 'x'));
  const void* const kept = small->request();
  small->Release();
  large->Release();  // The newest would be the next.
  small = pool.AllocateMessages();
  EXPECT_EQ(small->request(), kept);
  small->Release();
}

}  // namespace
}  // namespace tenuto
