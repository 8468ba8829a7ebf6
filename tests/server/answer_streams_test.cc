#include "server/answer_streams.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "server/stream_calls.h"
#include "tenuto/v1/scoring.grpc.pb.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/heavy_work.h"
#include "tests/support/queue_server.h"

namespace tenuto {
namespace {

using ClientStream =
    grpc::ClientReaderWriter<v1::ScoreUsersRequest, v1::ScoreUsersResponse>;

class StreamingService final : public RpcService {
 public:
  explicit StreamingService(UserScoreStreams& streams) : streams_(streams) {}
  grpc::Service& methods() override { return methods_; }
  void Await(CallQueue& queue) override {
    AwaitStreams(queue, methods_,
                 &v1::Scoring::AsyncService::RequestStreamScoreUsers,
                 [this] { return streams_.Make(); });
  }

 private:
  UserScoreStreams& streams_;
  v1::Scoring::AsyncService methods_;
};

constexpr int kLong = 1'000;  // Users of a request.

// A real server over a real socket. Answers with the model's name and a score
// a user; refuses the model "bad" and keeps "slow" until `go_`.
class AnswerStreamsTest : public ::testing::Test {
 protected:
  absl::Status Score(const v1::ScoreUsersRequest& request,
                     v1::ScoreUsersResponse& response) {
    ++scored_;
    if (request.model() == "bad") return absl::NotFoundError("no such model");
    if (request.model() == "slow") {
      started_.Notify();
      go_.WaitForNotification();
    }
    EXPECT_EQ(response.ByteSizeLong(), 0u);
    response.set_model(request.model());
    for (const std::string& user : request.user_ids()) {
      response.add_scores()->set_margin(static_cast<double>(user.size()));
    }
    return absl::OkStatus();
  }

  std::unique_ptr<ClientStream> NewStream(grpc::ClientContext& context) {
    return stub_->StreamScoreUsers(&context);
  }
  static v1::ScoreUsersRequest Request(const std::string& model,
                                       int users = 0) {
    v1::ScoreUsersRequest request;
    request.set_model(model);
    for (int k = 0; k < users; ++k) {
      request.add_user_ids(std::string(static_cast<std::size_t>(k % 7), 'u'));
    }
    return request;
  }
  static void ExpectAnswer(ClientStream& stream, const std::string& model,
                           int users = 0) {
    v1::ScoreUsersResponse response;
    ASSERT_TRUE(stream.Read(&response));
    EXPECT_EQ(response.model(), model);
    ASSERT_EQ(response.scores_size(), users);
    for (int k = 0; k < users; ++k) {
      EXPECT_EQ(response.scores(k).margin(), k % 7);
    }
  }
  static void ExpectEnd(ClientStream& stream, grpc::StatusCode code,
                        const std::string& message = "") {
    v1::ScoreUsersResponse response;
    EXPECT_FALSE(stream.Read(&response));
    const grpc::Status status = stream.Finish();
    EXPECT_EQ(status.error_code(), code) << status.error_message();
    EXPECT_EQ(status.error_message(), message);
  }

  const FixedClock clock_{absl::UnixEpoch()};
  Metrics metrics_{{"none"}};
  WorkerPool pool_{1, 1};
  Calls calls_{clock_, metrics_, pool_};
  std::atomic<int> scored_{0};
  absl::Notification started_, go_;
  UserScoreStreams streams_{calls_, RpcMethod::kStreamScoreUsers,
                            [this](const v1::ScoreUsersRequest& request,
                                   v1::ScoreUsersResponse& response) {
                              return Score(request, response);
                            },
                            [](const v1::ScoreUsersRequest& request) {
                              return request.user_ids_size() >= kLong;
                            }};
  StreamingService service_{streams_};
  QueueServer server_{{&service_}};
  const std::unique_ptr<v1::Scoring::Stub> stub_ =
      v1::Scoring::NewStub(server_.channel());
};

TEST_F(AnswerStreamsTest, AnswersManyRequestsOfManyUsersInTheirOrder) {
  constexpr int kRequests = 300;
  grpc::ClientContext context;
  const auto stream = NewStream(context);
  std::thread writer([&] {
    for (int k = 0; k < kRequests; ++k) {
      EXPECT_TRUE(stream->Write(Request(absl::StrCat(k), k)));
    }
    stream->WritesDone();
  });
  for (int k = 0; k < kRequests; ++k) ExpectAnswer(*stream, absl::StrCat(k), k);
  writer.join();
  ExpectEnd(*stream, grpc::StatusCode::OK);
}

TEST_F(AnswerStreamsTest, EndsWithTheErrorOfTheFirstRequestThatFails) {
  grpc::ClientContext context;
  const auto stream = NewStream(context);
  stream->Write(Request("good"));
  stream->Write(Request("bad"));
  stream->Write(Request("never"));
  ExpectAnswer(*stream, "good");
  ExpectEnd(*stream, grpc::StatusCode::NOT_FOUND, "no such model");
  EXPECT_EQ(scored_, 2);
}

// Answers of 4 kB fill the windows between the two after a few; whoever reads
// none makes the server stop reading, too.
TEST_F(AnswerStreamsTest, ReadsNoFurtherThanTheCallerReads) {
  constexpr int kRequests = 20'000;
  grpc::ClientContext context;
  const auto stream = NewStream(context);
  std::atomic<int> written{0};
  std::thread writer([&] {
    const v1::ScoreUsersRequest request = Request("m", 400);
    while (written < kRequests && stream->Write(request)) ++written;
    stream->WritesDone();
  });
  // Until nothing moves any more, which is long before the end.
  for (int before = -1; written != before || before == 0;) {
    before = written;
    absl::Notification().WaitForNotificationWithTimeout(
        absl::Milliseconds(100));
  }
  EXPECT_LT(scored_, kRequests / 2);
  EXPECT_LT(written, kRequests);
  const int stopped = scored_;
  for (int k = 0; k < stopped + 100; ++k) ExpectAnswer(*stream, "m", 400);
  context.TryCancel();
  writer.join();
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(AnswerStreamsTest, EndsIdleStreamsWhenTheServerDrains) {
  grpc::ClientContext context;
  const auto stream = NewStream(context);
  stream->Write(Request("good"));
  ExpectAnswer(*stream, "good");
  streams_.Drain();
  ExpectEnd(*stream, grpc::StatusCode::UNAVAILABLE,
            "the server is draining; stream to another one");
  grpc::ClientContext late;
  ExpectEnd(*NewStream(late), grpc::StatusCode::UNAVAILABLE,
            "the server is draining; stream to another one");
}

TEST_F(AnswerStreamsTest, AnswersWhatItIsScoringBeforeItDrains) {
  grpc::ClientContext context;
  const auto stream = NewStream(context);
  stream->Write(Request("slow"));
  started_.WaitForNotification();
  streams_.Drain();
  go_.Notify();
  ExpectAnswer(*stream, "slow");
  ExpectEnd(*stream, grpc::StatusCode::UNAVAILABLE,
            "the server is draining; stream to another one");
}

// The queue has one thread: were it to compute, the other stream would wait.
TEST_F(AnswerStreamsTest, AnswersOthersWhileALongRequestIsScored) {
  grpc::ClientContext context, other_context;
  const auto stream = NewStream(context);
  stream->Write(Request("slow", kLong));
  stream->Write(Request("next"));
  started_.WaitForNotification();
  const auto other = NewStream(other_context);
  other->Write(Request("good", 3));
  ExpectAnswer(*other, "good", 3);
  go_.Notify();
  ExpectAnswer(*stream, "slow", kLong);
  ExpectAnswer(*stream, "next");
}

TEST_F(AnswerStreamsTest, RefusesALongRequestWhenTooManyWait) {
  const auto go = FillHeavyPool(calls_);
  grpc::ClientContext context;
  const auto stream = NewStream(context);
  stream->Write(Request("good", 1));
  stream->Write(Request("late", kLong));
  ExpectAnswer(*stream, "good", 1);
  ExpectEnd(*stream, grpc::StatusCode::RESOURCE_EXHAUSTED,
            std::string(BusyError().message()));
  go->Notify();
}

TEST_F(AnswerStreamsTest, DrainsOnlyWhenALongRequestIsAnswered) {
  grpc::ClientContext context;
  const auto stream = NewStream(context);
  stream->Write(Request("slow", kLong));
  started_.WaitForNotification();
  streams_.Drain();
  go_.Notify();
  ExpectAnswer(*stream, "slow", kLong);
  ExpectEnd(*stream, grpc::StatusCode::UNAVAILABLE,
            "the server is draining; stream to another one");
}

TEST_F(AnswerStreamsTest, ForgetsACallerThatGoesAway) {
  {
    grpc::ClientContext context;
    const auto stream = NewStream(context);
    stream->Write(Request("good"));
    ExpectAnswer(*stream, "good");
    context.TryCancel();
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  server_.Shutdown();  // Would wait for an open stream.
}

}  // namespace
}  // namespace tenuto
