#include "server/call_queue.h"

#include <atomic>
#include <thread>

#include "absl/synchronization/notification.h"
#include "grpcpp/alarm.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "tenuto/v1/admin.grpc.pb.h"

namespace tenuto {
namespace {

// Notes on which thread it was taken, then leaves.
class LastStep final : public CallStep {
 public:
  explicit LastStep(CallQueue& queue) : queue_(queue) {}
  void Take(bool ok) override {
    thread_ = std::this_thread::get_id();
    ok_ = ok;
    queue_.Leave();
    taken_.Notify();  // The test may go on without it.
  }
  std::thread::id thread() {
    taken_.WaitForNotification();
    return thread_;
  }
  bool ok() const { return ok_; }

 private:
  CallQueue& queue_;
  absl::Notification taken_;
  std::thread::id thread_;
  bool ok_ = false;
};

class CallQueueTest : public ::testing::TestWithParam<absl::Duration> {
 protected:
  void Start() {
    server_ = builder_.RegisterService(&service_).BuildAndStart();
    ASSERT_NE(server_, nullptr);
  }

  void TearDown() override {
    if (server_ != nullptr) server_->Shutdown();
    queue_.reset();
  }

  v1::Admin::AsyncService service_;
  grpc::ServerBuilder builder_;
  std::unique_ptr<CallQueue> queue_ =
      std::make_unique<CallQueue>(builder_, GetParam());
  std::unique_ptr<grpc::Server> server_;
};

TEST_P(CallQueueTest, TakesStepsOnItsThreadUntilTheLastCallHasLeft) {
  Start();
  LastStep step(*queue_);
  queue_->Enter();
  queue_->Start();
  grpc::Alarm alarm;
  alarm.Set(&queue_->grpc(), std::chrono::system_clock::now(), &step);
  EXPECT_NE(step.thread(), std::this_thread::get_id());
  EXPECT_TRUE(step.ok());
}

TEST_P(CallQueueTest, TellsTheCallsThatWaitWhenTheServerIsShutDown) {
  Start();
  LastStep step(*queue_);
  grpc::ServerContext context;
  v1::ReloadModelsRequest request;
  grpc::ServerAsyncResponseWriter<v1::ReloadModelsResponse> writer(&context);
  queue_->Enter();
  service_.RequestReloadModels(&context, &request, &writer, &queue_->grpc(),
                               &queue_->grpc(), &step);
  queue_->Start();
  server_->Shutdown();
  step.thread();
  EXPECT_FALSE(step.ok());
}

TEST_P(CallQueueTest, EndsWithoutACall) {
  Start();
  queue_->Start();
}

TEST_P(CallQueueTest, EndsWithoutAStart) { Start(); }

TEST_P(CallQueueTest, KeepsWhatItIsGivenUntilItsEnd) {
  const auto kept = std::make_shared<int>(1);
  grpc::ServerBuilder builder;
  {
    CallQueue queue(builder, GetParam());
    queue.Keep(kept);
    EXPECT_EQ(kept.use_count(), 2);
  }
  EXPECT_EQ(kept.use_count(), 1);
}

// Keeps the queue's thread until it is let go.
class SlowStep final : public CallStep {
 public:
  void Take(bool) override {
    begun.Notify();
    go.WaitForNotification();
    is_over = true;
  }
  absl::Notification begun, go;
  std::atomic<bool> is_over{false};
};

TEST_P(CallQueueTest, IsQuietWhenAllThatCameWasTaken) {
  Start();
  queue_->Start();
  EXPECT_TRUE(queue_->AwaitQuiet(absl::Seconds(60)));
  EXPECT_LT(queue_->lag(), absl::Seconds(1));
  SlowStep step;
  grpc::Alarm alarm;
  alarm.Set(&queue_->grpc(), std::chrono::system_clock::now(), &step);
  step.begun.WaitForNotification();
  EXPECT_FALSE(queue_->AwaitQuiet(absl::Milliseconds(20)));
  EXPECT_GE(queue_->lag(), absl::Milliseconds(20));
  step.go.Notify();
  EXPECT_TRUE(queue_->AwaitQuiet(absl::Seconds(60)));
  EXPECT_TRUE(step.is_over);
}

INSTANTIATE_TEST_SUITE_P(SleepingAndLooking, CallQueueTest,
                         ::testing::Values(absl::ZeroDuration(),
                                           absl::Microseconds(50)));

}  // namespace
}  // namespace tenuto
