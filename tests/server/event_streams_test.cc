#include "server/event_streams.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "server/stream_calls.h"
#include "tenuto/v1/ingest.grpc.pb.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/queue_server.h"

namespace tenuto {
namespace {

using ClientStream =
    grpc::ClientReaderWriter<v1::IngestEventsRequest, v1::IngestEventsResponse>;

class StreamingService final : public RpcService {
 public:
  explicit StreamingService(EventStreams& streams) : streams_(streams) {}
  grpc::Service& methods() override { return methods_; }
  void Await(CallQueue& queue) override {
    AwaitStreams(queue, methods_,
                 &v1::Ingest::AsyncService::RequestStreamEvents,
                 [this] { return streams_.Make(); });
  }

 private:
  EventStreams& streams_;
  v1::Ingest::AsyncService methods_;
};

v1::IngestEventsRequest Batch(const std::string& event_id) {
  v1::IngestEventsRequest request;
  request.add_events()->set_event_id(event_id);
  return request;
}

// A real server, as the in-process transport holds a write until it is read. It
// refuses events called "bad" and keeps those called "slow" until `go_`.
class EventStreamsTest : public ::testing::Test {
 protected:
  absl::Status TakeIn(v1::IngestEventsRequest& request,
                      v1::IngestEventsResponse& response) {
    const std::string& id = request.events(0).event_id();
    if (id == "bad") return absl::InvalidArgumentError("a bad event");
    if (id == "slow") {
      started_.Notify();
      go_.WaitForNotification();
    }
    response.add_results()->set_reason(id);
    return absl::OkStatus();
  }

  std::unique_ptr<ClientStream> NewStream(grpc::ClientContext& context) {
    return stub_->StreamEvents(&context);
  }
  static void ExpectAnswer(ClientStream& stream, const std::string& event_id) {
    v1::IngestEventsResponse response;
    ASSERT_TRUE(stream.Read(&response));
    ASSERT_EQ(response.results_size(), 1);
    EXPECT_EQ(response.results(0).reason(), event_id);
  }
  static void ExpectEnd(ClientStream& stream, grpc::StatusCode code) {
    v1::IngestEventsResponse response;
    EXPECT_FALSE(stream.Read(&response));
    const grpc::Status status = stream.Finish();
    EXPECT_EQ(status.error_code(), code) << status.error_message();
  }

  const FixedClock clock_{absl::UnixEpoch()};
  Metrics metrics_{{"none"}};
  WorkerPool pool_{1, 1};
  Calls calls_{clock_, metrics_, pool_};
  EventStreams streams_{
      calls_, [this](auto& request, auto& response, const auto& done) {
        done(TakeIn(request, response));
      }};
  absl::Notification started_;
  absl::Notification go_;
  StreamingService service_{streams_};
  QueueServer server_{{&service_}};
  const std::unique_ptr<v1::Ingest::Stub> stub_ =
      v1::Ingest::NewStub(server_.channel());
};

TEST_F(EventStreamsTest, AnswerEachBatchInTheOrderSent) {
  grpc::ClientContext context;
  const auto stream = NewStream(context);
  for (int k = 0; k < 20; ++k) {
    ASSERT_TRUE(stream->Write(Batch(absl::StrCat("event ", k))));
  }
  ASSERT_TRUE(stream->WritesDone());
  for (int k = 0; k < 20; ++k) {
    ExpectAnswer(*stream, absl::StrCat("event ", k));
  }
  ExpectEnd(*stream, grpc::StatusCode::OK);
}

TEST_F(EventStreamsTest, EndWithTheErrorOfABatchAndLeaveOthersOpen) {
  grpc::ClientContext bad_context, good_context;
  const auto bad = NewStream(bad_context);
  const auto good = NewStream(good_context);
  ASSERT_TRUE(bad->Write(Batch("bad")));
  ExpectEnd(*bad, grpc::StatusCode::INVALID_ARGUMENT);
  ASSERT_TRUE(good->Write(Batch("good")));
  ExpectAnswer(*good, "good");
  good->WritesDone();
  ExpectEnd(*good, grpc::StatusCode::OK);
}

TEST_F(EventStreamsTest, EndAtOnceWhenIdleOrNewWhileDraining) {
  grpc::ClientContext idle_context, new_context;
  const auto idle = NewStream(idle_context);
  ASSERT_TRUE(idle->Write(Batch("first")));
  ExpectAnswer(*idle, "first");
  streams_.Drain();
  ExpectEnd(*idle, grpc::StatusCode::UNAVAILABLE);
  const auto late = NewStream(new_context);
  ExpectEnd(*late, grpc::StatusCode::UNAVAILABLE);
}

TEST_F(EventStreamsTest, AnswerABusyBatchBeforeTheyEnd) {
  grpc::ClientContext context;
  const auto stream = NewStream(context);
  ASSERT_TRUE(stream->Write(Batch("slow")));
  started_.WaitForNotification();
  streams_.Drain();
  go_.Notify();
  ExpectAnswer(*stream, "slow");
  ExpectEnd(*stream, grpc::StatusCode::UNAVAILABLE);
}

TEST_F(EventStreamsTest, EndWhenTooMuchWorkWaits) {
  absl::Notification started;
  ASSERT_TRUE(calls_.TryRun([&] {
    started.Notify();
    go_.WaitForNotification();
  }));
  started.WaitForNotification();
  ASSERT_TRUE(calls_.TryRun([] {}));
  grpc::ClientContext context;
  const auto stream = NewStream(context);
  ASSERT_TRUE(stream->Write(Batch("one too many")));
  ExpectEnd(*stream, grpc::StatusCode::RESOURCE_EXHAUSTED);
  go_.Notify();
}

TEST_F(EventStreamsTest, OutliveAProducerThatWentAway) {
  {
    grpc::ClientContext context;
    const auto stream = NewStream(context);
    ASSERT_TRUE(stream->Write(Batch("slow")));
    started_.WaitForNotification();
    context.TryCancel();
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
    go_.Notify();
  }
  grpc::ClientContext context;
  const auto next = NewStream(context);
  ASSERT_TRUE(next->Write(Batch("next")));
  ExpectAnswer(*next, "next");
  next->WritesDone();
  ExpectEnd(*next, grpc::StatusCode::OK);
}

}  // namespace
}  // namespace tenuto
