#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"
#include "server/stream_calls.h"
#include "tenuto/v1/scoring.grpc.pb.h"
#include "tests/support/queue_server.h"

namespace tenuto {
namespace {

using Base = StreamCall<v1::ScoreRowsRequest, v1::ScoreRowsResponse>;
using ClientStream =
    grpc::ClientReaderWriter<v1::ScoreRowsRequest, v1::ScoreRowsResponse>;

// Repeats every request; ends with the caller, or at "end" with a read under
// way that never comes.
class Repeating final : public Base,
                        public std::enable_shared_from_this<Repeating> {
 public:
  explicit Repeating(std::function<void(const std::string&)> note)
      : note_(std::move(note)) {}

  void OnArrived() override {
    self_ = shared_from_this();
    note_("arrived");
    StartRead(&request_);
  }
  void OnReadDone(bool ok) override {
    if (is_ended_) return note_("nothing read");
    if (!ok) return Finish(grpc::Status::OK);
    if (request_.model() == "end") {
      is_ended_ = true;
      StartRead(&request_);
      return Finish(grpc::Status(grpc::StatusCode::ABORTED, "as asked"));
    }
    response_.set_model(request_.model());
    StartWrite(&response_);
  }
  void OnWriteDone(bool ok) override {
    if (ok) return StartRead(&request_);
    Finish(grpc::Status::CANCELLED);
  }
  void OnDone() override {
    note_("done");
    self_.reset();
  }

 private:
  const std::function<void(const std::string&)> note_;
  v1::ScoreRowsRequest request_;
  v1::ScoreRowsResponse response_;
  bool is_ended_ = false;
  std::shared_ptr<Repeating> self_;
};

class StreamService final : public RpcService {
 public:
  grpc::Service& methods() override { return methods_; }
  void Await(CallQueue& queue) override {
    AwaitStreams(
        queue, methods_, &v1::Scoring::AsyncService::RequestStreamScoreRows,
        [this] {
          return std::make_shared<Repeating>([this](const std::string& what) {
            const absl::MutexLock lock(&mutex_);
            notes_.push_back(what);
          });
        });
  }
  std::vector<std::string> notes() {
    const absl::MutexLock lock(&mutex_);
    return notes_;
  }

 private:
  v1::Scoring::AsyncService methods_;
  absl::Mutex mutex_;
  std::vector<std::string> notes_ ABSL_GUARDED_BY(mutex_);
};

bool Write(ClientStream& stream, const std::string& model) {
  v1::ScoreRowsRequest request;
  request.set_model(model);
  return stream.Write(request);
}

class StreamCallTest : public ::testing::Test {
 protected:
  StreamService service_;
  QueueServer server_{{&service_}};
  const std::unique_ptr<v1::Scoring::Stub> stub_ =
      v1::Scoring::NewStub(server_.channel());
};

TEST_F(StreamCallTest, ReadsWritesAndEndsWithItsCaller) {
  grpc::ClientContext context;
  const auto stream = stub_->StreamScoreRows(&context);
  v1::ScoreRowsResponse response;
  for (int k = 0; k < 100; ++k) {
    ASSERT_TRUE(Write(*stream, absl::StrCat(k)));
    ASSERT_TRUE(stream->Read(&response));
    EXPECT_EQ(response.model(), absl::StrCat(k));
  }
  stream->WritesDone();
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_TRUE(stream->Finish().ok());
  server_.Shutdown();
  EXPECT_EQ(service_.notes(), (std::vector<std::string>{"arrived", "done"}));
}

TEST_F(StreamCallTest, IsDoneOnlyWhenWhatIsUnderWayIsOver) {
  grpc::ClientContext context;
  const auto stream = stub_->StreamScoreRows(&context);
  ASSERT_TRUE(Write(*stream, "end"));
  v1::ScoreRowsResponse response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_EQ(stream->Finish().error_message(), "as asked");
  server_.Shutdown();
  EXPECT_EQ(service_.notes(),
            (std::vector<std::string>{"arrived", "nothing read", "done"}));
}

TEST_F(StreamCallTest, ServesManyAtATime) {
  constexpr int kStreams = 40;
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<ClientStream>> streams;
  for (int k = 0; k < kStreams; ++k) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    streams.push_back(stub_->StreamScoreRows(contexts.back().get()));
    ASSERT_TRUE(Write(*streams.back(), absl::StrCat(k)));
  }
  for (int k = 0; k < kStreams; ++k) {
    v1::ScoreRowsResponse response;
    ASSERT_TRUE(streams[static_cast<std::size_t>(k)]->Read(&response));
    EXPECT_EQ(response.model(), absl::StrCat(k));
  }
  for (const auto& context : contexts) context->TryCancel();
}

TEST_F(StreamCallTest, IsDoneWhenItsCallerGoesAway) {
  {
    grpc::ClientContext context;
    const auto stream = stub_->StreamScoreRows(&context);
    ASSERT_TRUE(Write(*stream, "m"));
    v1::ScoreRowsResponse response;
    ASSERT_TRUE(stream->Read(&response));
    context.TryCancel();
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  server_.Shutdown();
  EXPECT_EQ(service_.notes(), (std::vector<std::string>{"arrived", "done"}));
}

TEST_F(StreamCallTest, IsCancelledWhenAShutdownWaitsNoLonger) {
  grpc::ClientContext context;
  const auto stream = stub_->StreamScoreRows(&context);
  ASSERT_TRUE(Write(*stream, "m"));
  v1::ScoreRowsResponse response;
  ASSERT_TRUE(stream->Read(&response));
  server_.Shutdown(absl::ZeroDuration());
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_FALSE(stream->Finish().ok());
}

}  // namespace
}  // namespace tenuto
