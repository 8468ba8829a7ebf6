#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
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
  large.mutable_values()->Resize(Calls::kKeptRequestBytesMax, 1);
  ASSERT_TRUE(Ask(*stub, large, response).ok());
  for (int k = 0; k < 3 * Calls::kAwaited; ++k) {
    ASSERT_TRUE(Ask(*stub, small, response).ok());
  }
  EXPECT_GE(largest, 1000);
  EXPECT_LT(largest, static_cast<int>(Calls::kKeptRequestBytesMax));
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

TEST(UnaryCall, HearsThatItsCallerGaveUp) {
  absl::Notification arrived;
  Call* held = nullptr;
  RowsService service(
      [&](Call& call) {
        EXPECT_FALSE(call.IsCancelled());
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
  while (!held->IsCancelled()) std::this_thread::yield();
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
    while (!held->IsCancelled()) std::this_thread::yield();
    held->Finish(grpc::Status::CANCELLED);
  });
  server.Shutdown(std::chrono::seconds(0));
  caller.join();
  worker.join();
}

}  // namespace
}  // namespace tenuto
