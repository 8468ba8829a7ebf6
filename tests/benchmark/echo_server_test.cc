#include "tests/benchmark/echo_server.h"

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/benchmark/load.h"

namespace tenuto {
namespace {

class EchoServerTest : public testing::TestWithParam<const char*> {
 protected:
  EchoServerTest() {
    answers_.rows.set_model("rows");
    answers_.rows.add_margins(1.5f);
    answers_.users.set_model("users");
    server_ = EchoServer::Start(GetParam(), answers_);
    address_ = absl::StrCat("127.0.0.1:", server_->port());
    v1::ScoreRowsRequest rows;
    rows.add_values(1);
    rows_.Add(rows);
    users_.Add(v1::ScoreUsersRequest());
  }

  Answers answers_;
  std::unique_ptr<EchoServer> server_;
  std::string address_;
  Load rows_{"/tenuto.v1.Scoring/ScoreRows", {}};
  Load users_{"/tenuto.v1.Scoring/ScoreUsers", {}};
};

TEST_P(EchoServerTest, AnswersWithWhatItWasGiven) {
  LoadClient client(address_);
  EXPECT_EQ(client.AnswerTo(rows_), answers_.rows.SerializeAsString());
  EXPECT_EQ(client.AnswerTo(users_), answers_.users.SerializeAsString());
}

TEST_P(EchoServerTest, AnswersEveryCallOfAClosedLoop) {
  const LoadResult result =
      LoadClient(address_).Closed(rows_, 8, absl::Milliseconds(50));
  EXPECT_GE(result.latencies.size(), 8u);
  EXPECT_EQ(result.failures, 0);
}

TEST_P(EchoServerTest, AnswersAsManyCallsOfAnOpenLoopAsWereDue) {
  const LoadResult result =
      LoadClient(address_).Open(users_, 1'000, absl::Milliseconds(100));
  EXPECT_EQ(result.latencies.size(), 100u);
  EXPECT_EQ(result.failures, 0);
}

TEST_P(EchoServerTest, TellsTheWindowsOfAnOpenLoopApart) {
  const std::vector<LoadResult> windows = LoadClient(address_).OpenByWindow(
      users_, 1'000, absl::Milliseconds(20), 4);
  ASSERT_EQ(windows.size(), 4u);
  for (const LoadResult& window : windows) {
    EXPECT_EQ(window.latencies.size(), 20u);
    EXPECT_EQ(window.failures, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(OfEveryKind, EchoServerTest,
                         testing::Values("callback", "async", "sync"),
                         [](const auto& kind) { return kind.param; });

TEST(EchoServer, IsOfAKindThatGrpcHas) {
  EXPECT_EQ(EchoServer::Start("fast", Answers()), nullptr);
}

TEST(LoadClient, CountsCallsThatFail) {
  const auto server = EchoServer::Start("callback", Answers());
  Load load{"/tenuto.v1.Scoring/ScoreNothing", {}};
  load.Add(v1::ScoreRowsRequest());
  const LoadResult result =
      LoadClient(absl::StrCat("127.0.0.1:", server->port()))
          .Closed(load, 2, absl::Milliseconds(5));
  EXPECT_GE(result.latencies.size(), 2u);
  EXPECT_EQ(result.failures, std::ssize(result.latencies));
}

TEST(LoadResult, TellsWhatAShareOfAllCallsTook) {
  LoadResult result{absl::Seconds(1), 1, {}};
  for (int ms = 1; ms <= 50; ++ms) {
    result.latencies.push_back(absl::Milliseconds(2 * ms));
  }
  LoadResult other{absl::Seconds(1), 2, {}};
  for (int ms = 0; ms < 50; ++ms) {
    other.latencies.push_back(absl::Milliseconds(2 * ms + 1));
  }
  result.Merge(other);
  EXPECT_EQ(result.calls_per_s(), 50);
  EXPECT_EQ(result.failures, 3);
  EXPECT_EQ(result.Milliseconds(0), 1);
  EXPECT_EQ(result.Milliseconds(0.5), 51);
  EXPECT_EQ(result.Milliseconds(0.99), 100);
  EXPECT_EQ(result.Milliseconds(1), 100);
}

}  // namespace
}  // namespace tenuto
