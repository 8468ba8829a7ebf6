#include "server/calls.h"

#include <memory>
#include <optional>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/heavy_work.h"

namespace tenuto {
namespace {

// What a transport would be told.
struct TestCall {
  void Finish(const grpc::Status& status) { finished = status; }
  bool IsGivenUp() const { return is_given_up; }

  bool is_given_up = false;
  std::optional<grpc::Status> finished;
};

class CallsTest : public ::testing::Test {
 protected:
  const FixedClock clock_{absl::UnixEpoch()};
  Metrics metrics_{{"none"}};
  WorkerPool pool_{1, 1};
  Calls calls_{clock_, metrics_, pool_};
  TestCall call_;
};

TEST_F(CallsTest, AnswersWithTheStatusOfTheWork) {
  calls_.Answer(call_, RpcMethod::kScoreUsers,
                [] { return absl::NotFoundError("no such model"); });
  ASSERT_TRUE(call_.finished.has_value());
  EXPECT_EQ(call_.finished->error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(call_.finished->error_message(), "no such model");
}

TEST_F(CallsTest, DoesNotWorkForACallerWhoGaveUp) {
  call_.is_given_up = true;
  calls_.Answer(call_, RpcMethod::kScoreUsers, [] {
    ADD_FAILURE() << "nobody waits for this";
    return absl::OkStatus();
  });
  ASSERT_TRUE(call_.finished.has_value());
  EXPECT_EQ(call_.finished->error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
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
  calls_.AnswerFromPool(call_, RpcMethod::kIngestEvents, [] {
    ADD_FAILURE() << "this work was to be refused";
    return absl::OkStatus();
  });
  ASSERT_TRUE(call_.finished.has_value());
  EXPECT_EQ(call_.finished->error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  go->Notify();
}

TEST_F(CallsTest, ShedsLongWorkWhenTooMuchWaits) {
  const auto go = FillHeavyPool(calls_);
  calls_.AnswerHeavy(call_, RpcMethod::kExplainScore, [] {
    ADD_FAILURE() << "this work was to be refused";
    return absl::OkStatus();
  });
  go->Notify();
  ASSERT_TRUE(call_.finished.has_value());
  EXPECT_EQ(call_.finished->error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

}  // namespace
}  // namespace tenuto
