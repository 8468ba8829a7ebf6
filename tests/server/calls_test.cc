#include "server/calls.h"

#include <memory>

#include "absl/synchronization/notification.h"
#include "grpcpp/test/default_reactor_test_peer.h"
#include "gtest/gtest.h"
#include "tests/support/fixed_clock.h"

namespace tenuto {
namespace {

class CallsTest : public ::testing::Test {
 protected:
  const FixedClock clock_{absl::UnixEpoch()};
  Metrics metrics_{{"none"}};
  WorkerPool pool_{1, 1};
  Calls calls_{clock_, metrics_, pool_};
  grpc::CallbackServerContext context_;
  grpc::testing::DefaultReactorTestPeer peer_{&context_};
};

TEST_F(CallsTest, AnswersWithTheStatusOfTheWork) {
  calls_.Answer(context_, RpcMethod::kScoreUsers,
                [] { return absl::NotFoundError("no such model"); });
  ASSERT_TRUE(peer_.test_status_set());
  EXPECT_EQ(peer_.test_status().error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(peer_.test_status().error_message(), "no such model");
}

TEST_F(CallsTest, ShedsWorkWhenTooMuchWaits) {
  absl::Notification started;
  // The pool's thread may still be waking up when this test is over.
  const auto go = std::make_shared<absl::Notification>();
  ASSERT_TRUE(calls_.TryRun([&started, go] {
    started.Notify();
    go->WaitForNotification();
  }));
  started.WaitForNotification();
  ASSERT_TRUE(calls_.TryRun([] {}));
  calls_.AnswerFromPool(context_, RpcMethod::kIngestEvents, [] {
    ADD_FAILURE() << "this work was to be refused";
    return absl::OkStatus();
  });
  ASSERT_TRUE(peer_.test_status_set());
  EXPECT_EQ(peer_.test_status().error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  go->Notify();
}

}  // namespace
}  // namespace tenuto
