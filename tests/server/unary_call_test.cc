#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "features/base/clock.h"
#include "gtest/gtest.h"
#include "server/unary_calls.h"
#include "tenuto/v1/scoring.grpc.pb.h"
#include "tests/support/queue_server.h"

namespace tenuto {
namespace {

using Call = UnaryCall<v1::ScoreRowsRequest, v1::ScoreRowsResponse>;

// Answers ScoreRows as a test says.
class RowsService final : public RpcService {
 public:
  explicit RowsService(std::function<void(Call&)> answer,
                       Cancels cancels = Cancels::kUnheard)
      : answer_(std::move(answer)), cancels_(cancels) {}
  grpc::Service& methods() override { return methods_; }
  void Await(CallQueue& queue) override {
    AwaitCalls(queue, methods_, &v1::Scoring::AsyncService::RequestScoreRows,
               answer_, cancels_);
  }

 private:
  const std::function<void(Call&)> answer_;
  const Cancels cancels_;
  v1::Scoring::AsyncService methods_;
};

v1::ScoreRowsRequest Request(const std::string& model) {
  v1::ScoreRowsRequest request;
  request.set_model(model);
  return request;
}

grpc::Status Ask(v1::Scoring::Stub& stub, const v1::ScoreRowsRequest& request,
                 v1::ScoreRowsResponse& response) {
  grpc::ClientContext context;
  return stub.ScoreRows(&context, request, &response);
}

// Says what it was asked, and finds its response empty.
void Repeat(Call& call) {
  EXPECT_EQ(call.response().ByteSizeLong(), 0u);
  call.response().set_model(call.request().model());
  call.Finish(grpc::Status::OK);
}

// More callers at once than calls are waited for.
TEST(UnaryCall, GivesEveryCallerItsOwnAnswer) {
  constexpr int kCallers = 50, kCalls = 40;
  for (const auto spin : {absl::ZeroDuration(), absl::Microseconds(50)}) {
    RowsService service(Repeat);
    QueueServer server({&service}, 2, spin);
    std::vector<std::thread> callers;
    for (int k = 0; k < kCallers; ++k) {
      callers.emplace_back([&server, k] {
        const auto stub = v1::Scoring::NewStub(server.channel());
        for (int n = 0; n < kCalls; ++n) {
          const std::string model = absl::StrCat(k, " ", n);
          v1::ScoreRowsResponse response;
          EXPECT_TRUE(Ask(*stub, Request(model), response).ok());
          EXPECT_EQ(response.model(), model);
        }
      });
    }
    for (std::thread& caller : callers) caller.join();
  }
}

TEST(UnaryCall, TellsTheCallerHowItFailed) {
  RowsService service([](Call& call) {
    call.Finish(grpc::Status(grpc::StatusCode::NOT_FOUND, "no such model"));
  });
  QueueServer server({&service});
  v1::ScoreRowsResponse response;
  const grpc::Status status =
      Ask(*v1::Scoring::NewStub(server.channel()), Request("m"), response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "no such model");
}

// What one call needed the next one finds, but for the memory of large ones.
TEST(UnaryCall, UsesTheMessagesOfSmallCallsAgain) {
  using Calls = UnaryCalls<v1::ScoreRowsRequest, v1::ScoreRowsResponse>;
  std::atomic<int> largest{0};
  RowsService service([&largest](Call& call) {
    // Of a list that was cleared, what it can hold shows what it once held.
    largest = std::max(largest.load(), call.response().margins().Capacity());
    call.response().mutable_margins()->Reserve(call.request().values_size());
    call.Finish(grpc::Status::OK);
  });
  QueueServer server({&service});
  const auto stub = v1::Scoring::NewStub(server.channel());
  v1::ScoreRowsResponse response;
  v1::ScoreRowsRequest small = Request("m");
  small.mutable_values()->Resize(1000, 1);
  v1::ScoreRowsRequest large = Request("m");
  large.mutable_values()->Resize(Calls::kKeptBytesMax, 1);
  ASSERT_TRUE(Ask(*stub, large, response).ok());
  for (int k = 0; k < 3 * Calls::kAwaited; ++k) {
    ASSERT_TRUE(Ask(*stub, small, response).ok());
  }
  EXPECT_GE(largest, 1000);
  EXPECT_LT(largest, static_cast<int>(Calls::kKeptBytesMax));
}

TEST(UnaryCall, IsFinishedFromAnyThreadAndHoldsAShutdownUntilThen) {
  absl::Notification arrived;
  Call* held = nullptr;
  RowsService service([&](Call& call) {
    held = &call;
    arrived.Notify();
  });
  QueueServer server({&service});
  std::thread caller([&server] {
    v1::ScoreRowsResponse response;
    EXPECT_TRUE(
        Ask(*v1::Scoring::NewStub(server.channel()), Request("m"), response)
            .ok());
    EXPECT_EQ(response.model(), "late");
  });
  arrived.WaitForNotification();
  std::thread shutdown([&server] { server.Shutdown(); });
  held->response().set_model("late");
  held->Finish(grpc::Status::OK);
  caller.join();
  shutdown.join();
}

// More than are waited for, while the queue's thread is busy with the first.
class BusyUnaryCall : public ::testing::Test {
 protected:
  static constexpr int kCallers = 100;

  void Call(absl::Duration deadline) {
    for (int k = 0; k < kCallers; ++k) {
      callers_.emplace_back([this, k, deadline] {
        grpc::ClientContext context;
        // The first has all the time there is.
        if (k > 0) {
          first_.WaitForNotification();
          context.set_deadline(
              absl::ToChronoTime(Clock::Real().Now() + deadline));
        }
        v1::ScoreRowsResponse response;
        const grpc::Status status =
            v1::Scoring::NewStub(server_.channel())
                ->ScoreRows(&context, Request("m"), &response);
        if (status.ok()) ++answered_;
      });
    }
    first_.WaitForNotification();
    // Until the others have arrived, or given up.
    absl::Notification().WaitForNotificationWithTimeout(
        absl::Milliseconds(200));
  }
  void Join() {
    for (std::thread& caller : callers_) caller.join();
  }

  absl::Notification first_, go_;
  std::atomic<int> worked_{0}, answered_{0};
  RowsService service_{[this](auto& call) {
    if (worked_++ == 0) {
      first_.Notify();
      go_.WaitForNotification();
    }
    call.Finish(grpc::Status::OK);
  }};
  QueueServer server_{{&service_}};
  std::vector<std::thread> callers_;
};

TEST_F(BusyUnaryCall, IsAnsweredWhenItArrivedBeforeAShutdown) {
  Call(absl::Seconds(60));
  std::thread shutdown([this] { server_.Shutdown(); });
  go_.Notify();
  Join();
  shutdown.join();
  EXPECT_EQ(answered_, kCallers);
}

TEST_F(BusyUnaryCall, IsNotWorkedOnWhenItsDeadlineHasPassed) {
  Call(absl::Milliseconds(20));
  go_.Notify();
  Join();
  server_.Shutdown();
  EXPECT_EQ(worked_, 1);
  EXPECT_EQ(answered_, 1);
}

TEST(UnaryCall, HearsThatItsCallerGaveUp) {
  absl::Notification arrived;
  Call* held = nullptr;
  RowsService service(
      [&](Call& call) {
        EXPECT_FALSE(call.IsGivenUp());
        held = &call;
        arrived.Notify();
      },
      Cancels::kHeard);
  QueueServer server({&service});
  grpc::ClientContext context;
  std::thread caller([&] {
    v1::ScoreRowsResponse response;
    EXPECT_EQ(v1::Scoring::NewStub(server.channel())
                  ->ScoreRows(&context, Request("m"), &response)
                  .error_code(),
              grpc::StatusCode::CANCELLED);
  });
  arrived.WaitForNotification();
  context.TryCancel();
  caller.join();
  while (!held->IsGivenUp()) std::this_thread::yield();
  held->Finish(grpc::Status::CANCELLED);
}

TEST(UnaryCall, IsCancelledWhenAShutdownWaitsNoLonger) {
  absl::Notification arrived;
  Call* held = nullptr;
  RowsService service(
      [&](Call& call) {
        held = &call;
        arrived.Notify();
      },
      Cancels::kHeard);
  QueueServer server({&service});
  std::thread caller([&] {
    v1::ScoreRowsResponse response;
    EXPECT_FALSE(
        Ask(*v1::Scoring::NewStub(server.channel()), Request("m"), response)
            .ok());
  });
  arrived.WaitForNotification();
  std::thread worker([&] {
    while (!held->IsGivenUp()) std::this_thread::yield();
    held->Finish(grpc::Status::CANCELLED);
  });
  server.Shutdown(absl::ZeroDuration());
  caller.join();
  worker.join();
}

}  // namespace
}  // namespace tenuto
