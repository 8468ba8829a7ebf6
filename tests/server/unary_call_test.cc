#include <algorithm>
#include <atomic>
#include <cstddef>
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

TEST(UnaryCall, TakesACompressedRequest) {
  RowsService service(Repeat);
  QueueServer server({&service});
  const auto stub = v1::Scoring::NewStub(server.channel());
  grpc::ClientContext context;
  context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  v1::ScoreRowsResponse response;
  const std::string model(10'000, 'm');
  EXPECT_TRUE(stub->ScoreRows(&context, Request(model), &response).ok());
  EXPECT_EQ(response.model(), model);
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
  static constexpr std::size_t kCalls = 100;
  struct Sent {
    grpc::ClientContext context;
    v1::ScoreRowsResponse response;
    grpc::Status status;
    std::unique_ptr<grpc::ClientAsyncResponseReader<v1::ScoreRowsResponse>>
        reader;
  };

  // The first has all the time there is.
  void Send(absl::Duration deadline) {
    for (std::size_t k = 0; k < kCalls; ++k) {
      if (k == 1) first_.WaitForNotification();
      Sent& sent = sent_[k];
      if (k > 0) {
        sent.context.set_deadline(
            absl::ToChronoTime(Clock::Real().Now() + deadline));
      }
      sent.reader = stub_->AsyncScoreRows(&sent.context, Request("m"), &queue_);
      sent.reader->Finish(&sent.response, &sent.status, nullptr);
    }
    // Until what was sent last has arrived: gRPC sends while somebody looks.
    Look(absl::Milliseconds(200));
  }
  void Look(absl::Duration duration) {
    void* tag;
    bool ok;
    const auto end = absl::ToChronoTime(Clock::Real().Now() + duration);
    while (queue_.AsyncNext(&tag, &ok, end) ==
           grpc::CompletionQueue::GOT_EVENT) {
      ++over_;
    }
  }
  // Until so many are over.
  void Await(std::size_t calls) {
    void* tag;
    bool ok;
    for (; over_ < calls; ++over_) queue_.Next(&tag, &ok);
  }
  std::ptrdiff_t answered() const {
    return std::count_if(sent_.begin(), sent_.end(),
                         [](const Sent& sent) { return sent.status.ok(); });
  }

  absl::Notification first_, go_;
  RowsService service_{[this](auto& call) {
    if (!first_.HasBeenNotified()) {
      first_.Notify();
      go_.WaitForNotification();
    }
    if (call.IsGivenUp()) is_given_up_ = true;
    call.Finish(grpc::Status::OK);
  }};
  std::atomic<bool> is_given_up_{false};
  QueueServer server_{{&service_}};
  const std::unique_ptr<v1::Scoring::Stub> stub_ =
      v1::Scoring::NewStub(server_.channel());
  grpc::CompletionQueue queue_;
  std::vector<Sent> sent_{kCalls};
  std::size_t over_ = 0;
};

TEST_F(BusyUnaryCall, IsAnsweredWhenItArrivedBeforeAShutdown) {
  Send(absl::Seconds(60));
  absl::Notification begins;
  std::thread shutdown([&] {
    begins.Notify();
    server_.Shutdown();
  });
  begins.WaitForNotification();
  Look(absl::Milliseconds(50));
  go_.Notify();
  Await(kCalls);
  shutdown.join();
  EXPECT_EQ(answered(), std::ssize(sent_));
}

TEST_F(BusyUnaryCall, KnowsWhenItsDeadlineHasPassed) {
  Send(absl::Milliseconds(20));
  Await(kCalls - 1);
  go_.Notify();
  Await(kCalls);
  server_.Shutdown();
  EXPECT_EQ(answered(), 1);
  EXPECT_TRUE(is_given_up_);
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
