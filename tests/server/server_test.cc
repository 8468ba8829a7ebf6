// The whole server in this process, spoken to over a real socket.
#include "server/server.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/rocks_store.h"
#include "features/user_key.h"
#include "gmock/gmock.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/impl/codegen/proto_utils.h"
#include "grpcpp/security/credentials.h"
#include "gtest/gtest.h"
#include "server/server_options.h"
#include "tenuto/v1/admin.grpc.pb.h"
#include "tenuto/v1/decision.grpc.pb.h"
#include "tenuto/v1/grace.grpc.pb.h"
#include "tenuto/v1/ingest.grpc.pb.h"
#include "tenuto/v1/scoring.grpc.pb.h"
#include "tests/support/churn_bundle.h"
#include "tests/support/health_check.h"
#include "tests/support/http_get.h"
#include "tests/support/recovery_bundle.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_events.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    config_.set_listen("127.0.0.1:0");
    config_.set_metrics_listen("127.0.0.1:0");
    config_.set_data_dir((folder_.path() / "data").string());
    config_.set_models_dir((folder_.path() / "models").string());
    SetDefaults(config_);
    WriteChurnBundle(config_.models_dir(), Catalogue::Embedded());
    Start();
  }

  void Start() {
    auto server = Server::Start(config_, Clock::Real());
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    channel_ = grpc::CreateChannel(absl::StrCat("127.0.0.1:", server_->port()),
                                   grpc::InsecureChannelCredentials());
  }

  v1::IngestEventsRequest Batch(const std::string& user) const {
    v1::IngestEventsRequest request;
    for (const v1::Event& event :
         SubscriberEvents(user, 2, Clock::Real().Now())) {
      *request.add_events() = event;
    }
    return request;
  }

  v1::GetServerStatusResponse Status() const {
    grpc::ClientContext context;
    v1::GetServerStatusResponse response;
    const grpc::Status status =
        v1::Admin::NewStub(channel_)->GetServerStatus(&context, {}, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  const TempFolder folder_;
  v1::ServerConfig config_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(ServerTest, SaysServingOnlyWhenToldTo) {
  EXPECT_EQ(Health(channel_, ""), 2);
  server_->Serve();
  EXPECT_EQ(Health(channel_, ""), 1);
  for (const char* service :
       {"Ingest", "Scoring", "Decision", "Grace", "Admin"}) {
    EXPECT_EQ(Health(channel_, absl::StrCat("tenuto.v1.", service)), 1);
  }
  EXPECT_THAT(HttpGet(server_->metrics_port(), "/metrics"),
              HasSubstr("\ntenuto_serving 1"));
}

TEST_F(ServerTest, RemembersWhatItWasToldAcrossARestart) {
  const v1::IngestEventsRequest batch = Batch("anna");
  {
    grpc::ClientContext context;
    v1::IngestEventsResponse response;
    ASSERT_TRUE(v1::Ingest::NewStub(channel_)
                    ->IngestEvents(&context, batch, &response)
                    .ok());
    EXPECT_EQ(response.results_size(), batch.events_size());
  }
  server_.reset();
  Start();
  EXPECT_EQ(Status().last_position(),
            static_cast<std::uint64_t>(batch.events_size()));
  grpc::ClientContext context;
  v1::IngestEventsResponse response;
  ASSERT_TRUE(v1::Ingest::NewStub(channel_)
                  ->IngestEvents(&context, batch, &response)
                  .ok());
  for (const v1::EventResult& result : response.results()) {
    EXPECT_EQ(result.verdict(), v1::EVENT_VERDICT_DUPLICATE);
  }
}

constexpr int kOwing = 6;

v1::IngestEventsRequest FailuresOfYesterday() {
  v1::IngestEventsRequest failures;
  for (int k = 0; k < kOwing; ++k) {
    v1::Event& event = *failures.add_events();
    event = MakeEvent(absl::StrCat("owes-", k), "failed",
                      Clock::Real().Now() - absl::Hours(30));
    v1::PaymentAttempted& attempt = *event.mutable_payment_attempted();
    attempt.set_invoice_id("invoice");
    attempt.set_amount_minor(1099);
    attempt.set_currency("EUR");
    attempt.set_outcome(v1::PAYMENT_OUTCOME_DECLINED);
    attempt.set_decline_code("insufficient_funds");
    attempt.set_network(v1::CARD_NETWORK_VISA);
    attempt.set_initiator(v1::PAYMENT_INITIATOR_MERCHANT);
  }
  return failures;
}

// Plans for all who owe, and how many attempts were leased of each.
class RetryWorkers {
 public:
  void Ask(const std::shared_ptr<grpc::Channel>& channel,
           const std::string& worker) {
    const auto stub = v1::Grace::NewStub(channel);
    for (int k = 0; k < kOwing; ++k) {
      v1::PlanGracePeriodRequest request;
      request.set_user_id(absl::StrCat("owes-", k));
      request.set_request_id(absl::StrCat(worker, "/", k));
      grpc::ClientContext context;
      v1::PlanGracePeriodResponse plan;
      const grpc::Status status =
          stub->PlanGracePeriod(&context, request, &plan);
      ASSERT_TRUE(status.ok()) << status.error_message();
      EXPECT_GT(plan.attempt_days_size(), 0);
      const std::scoped_lock lock(mutex_);
      leases_[request.user_id()] += plan.lease_id().empty() ? 0 : 1;
    }
  }
  void ExpectOneLeaseEach() const {
    EXPECT_EQ(leases_.size(), static_cast<std::size_t>(kOwing));
    for (const auto& [user, count] : leases_) EXPECT_EQ(count, 1) << user;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, int> leases_;
};

TEST_F(ServerTest, LeasesAnAttemptToOneOfManyCallersAlsoAfterARestart) {
  EXPECT_THAT(HttpGet(server_->metrics_port(), "/metrics"),
              HasSubstr("\ntenuto_recovery_models_serving 0"));
  WriteRecoveryBundle(config_.models_dir());
  server_.reset();
  Start();
  EXPECT_THAT(HttpGet(server_->metrics_port(), "/metrics"),
              HasSubstr("\ntenuto_recovery_models_serving 1"));
  grpc::ClientContext context;
  v1::IngestEventsResponse response;
  ASSERT_TRUE(v1::Ingest::NewStub(channel_)
                  ->IngestEvents(&context, FailuresOfYesterday(), &response)
                  .ok());
  RetryWorkers workers;
  std::vector<std::thread> threads;
  for (int k = 0; k < 8; ++k) {
    threads.emplace_back(
        [&, k] { workers.Ask(channel_, absl::StrCat("worker-", k)); });
  }
  for (std::thread& thread : threads) thread.join();
  workers.ExpectOneLeaseEach();
  server_.reset();
  Start();
  workers.Ask(channel_, "after");
  workers.ExpectOneLeaseEach();
  EXPECT_THAT(HttpGet(server_->metrics_port(), "/metrics"),
              HasSubstr("\ntenuto_grace_plans_total 6"));
}

// Whether any file below `folder` holds `text`.
bool DiskHolds(const std::filesystem::path& folder, const std::string& text) {
  int files = 0;
  bool holds = false;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    ++files;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    if (bytes.find(text) == std::string::npos) continue;
    std::cout << entry.path() << " holds " << text << "\n";
    holds = true;
  }
  EXPECT_GT(files, 3);
  return holds;
}

TEST_F(ServerTest, WritesNoRequestIdAndNoUserIdToDisk) {
  const std::string user = "anna.sentinel@example.org";
  {
    grpc::ClientContext context;
    v1::IngestEventsRequest batch = Batch(user);
    batch.set_request_id("batch-of-" + user);
    v1::IngestEventsResponse response;
    ASSERT_TRUE(v1::Ingest::NewStub(channel_)
                    ->IngestEvents(&context, batch, &response)
                    .ok());
  }
  v1::DecideTreatmentRequest request;
  request.set_user_id(user);
  request.set_request_id("decide-for-" + user);
  v1::DecideTreatmentResponse decision;
  for (const bool replayed : {false, true}) {
    grpc::ClientContext context;
    ASSERT_TRUE(v1::Decision::NewStub(channel_)
                    ->DecideTreatment(&context, request, &decision)
                    .ok());
    EXPECT_EQ(decision.replayed(), replayed);
  }
  server_.reset();  // Flushes.
  EXPECT_TRUE(DiskHolds(folder_.path() / "data", decision.treatment()));
  EXPECT_FALSE(DiskHolds(folder_.path() / "data", "sentinel"));
}

TEST_F(ServerTest, SendsTheReasonOfARefusal) {
  grpc::ClientContext context;
  v1::ScoreUsersRequest request;
  request.set_model("churn_14d");
  request.add_user_ids("");
  v1::ScoreUsersResponse response;
  const grpc::Status status =
      v1::Scoring::NewStub(channel_)->ScoreUsers(&context, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "user_ids[0] is empty");
  google::rpc::Status rich;
  ASSERT_TRUE(rich.ParseFromString(status.error_details()));
  google::rpc::ErrorInfo error_info;
  ASSERT_TRUE(rich.details(0).UnpackTo(&error_info));
  EXPECT_EQ(error_info.reason(), "EMPTY_ID");
  EXPECT_THAT(HttpGet(server_->metrics_port(), "/metrics"),
              HasSubstr("\ntenuto_calls_total{code=\"INVALID_ARGUMENT\",method="
                        "\"ScoreUsers\"} 1"));
}

// R5 "damage in the middle is never silent".
TEST_F(ServerTest, SaysNotServingOnceItFoundDamage) {
  server_->Serve();
  v1::IngestEventsRequest batch = Batch("anna");
  v1::IngestEventsResponse accepted;
  grpc::ClientContext ingest;
  ASSERT_TRUE(v1::Ingest::NewStub(channel_)
                  ->IngestEvents(&ingest, batch, &accepted)
                  .ok());
  server_.reset();
  const std::filesystem::path data = config_.data_dir();
  {
    const auto keys = UserKeys::Open(data / "user.key");
    const auto store = RocksStore::Open({data, false, 1});
    ASSERT_TRUE(keys.ok() && store.ok()) << keys.status() << store.status();
    StoreBatch damage(**store);
    damage.Put(Family::kState, keys->Of("anna").view(), "no state");
    ASSERT_TRUE((*store)->Write(damage).ok());
  }
  Start();
  server_->Serve();
  EXPECT_EQ(Health(channel_, ""), 1);
  v1::ScoreUsersRequest request;
  request.set_model("churn_14d");
  request.add_user_ids("anna");
  v1::ScoreUsersResponse response;
  grpc::ClientContext context;
  const grpc::Status status =
      v1::Scoring::NewStub(channel_)->ScoreUsers(&context, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::DATA_LOSS);
  EXPECT_EQ(Health(channel_, ""), 2);
  EXPECT_EQ(Health(channel_, "tenuto.v1.Scoring"), 2);
}

TEST_F(ServerTest, RefusesRequestsAboveItsByteLimit) {
  v1::ScoreUsersRequest request;
  request.set_model(std::string(5 << 20, 'm'));
  grpc::ClientContext context;
  v1::ScoreUsersResponse response;
  const grpc::Status status =
      v1::Scoring::NewStub(channel_)->ScoreUsers(&context, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(ServerTest, OffersReflection) {
  // ServerReflectionRequest{list_services: ""}, field 7.
  const grpc::Slice slice(std::string("\x3a\x00", 2));
  const grpc::ByteBuffer bytes(&slice, 1);
  grpc::CompletionQueue queue;
  grpc::GenericStub stub(channel_);
  grpc::ClientContext context;
  auto call = stub.PrepareCall(
      &context,
      "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", &queue);
  void* tag;
  bool ok = false;
  call->StartCall(nullptr);
  ASSERT_TRUE(queue.Next(&tag, &ok) && ok);
  call->Write(bytes, nullptr);
  ASSERT_TRUE(queue.Next(&tag, &ok) && ok);
  grpc::ByteBuffer response;
  call->Read(&response, nullptr);
  ASSERT_TRUE(queue.Next(&tag, &ok) && ok);
  context.TryCancel();
  grpc::Status status;
  call->Finish(&status, nullptr);
  queue.Next(&tag, &ok);
  grpc::Slice answer;
  ASSERT_TRUE(response.DumpToSingleSlice(&answer).ok());
  const std::string text(answer.begin(), answer.end());
  for (const char* service :
       {"tenuto.v1.Ingest", "tenuto.v1.Scoring", "tenuto.v1.Decision",
        "tenuto.v1.Admin", "grpc.health.v1.Health"}) {
    EXPECT_THAT(text, HasSubstr(service));
  }
}

TEST_F(ServerTest, AnswersAStreamBatchByBatch) {
  grpc::ClientContext context;
  auto stream = v1::Ingest::NewStub(channel_)->StreamEvents(&context);
  for (int k = 0; k < 3; ++k) {
    v1::IngestEventsRequest batch = Batch("anna");
    batch.set_request_id(std::to_string(k));
    ASSERT_TRUE(stream->Write(batch));
    v1::IngestEventsResponse response;
    ASSERT_TRUE(stream->Read(&response));
    EXPECT_EQ(response.request_id(), std::to_string(k));
    for (const v1::EventResult& result : response.results()) {
      EXPECT_EQ(result.verdict(), k == 0 ? v1::EVENT_VERDICT_ACCEPTED
                                         : v1::EVENT_VERDICT_DUPLICATE);
    }
  }
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(ServerTest, EndsAStreamThatBreaksTheLimit) {
  grpc::ClientContext context;
  auto stream = v1::Ingest::NewStub(channel_)->StreamEvents(&context);
  v1::IngestEventsRequest batch;
  for (int k = 0; k < 1001; ++k) batch.add_events();
  ASSERT_TRUE(stream->Write(batch));
  v1::IngestEventsResponse response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ServerTest, StreamsScoresThatSingleCallsGive) {
  {
    grpc::ClientContext context;
    v1::IngestEventsResponse response;
    ASSERT_TRUE(v1::Ingest::NewStub(channel_)
                    ->IngestEvents(&context, Batch("anna"), &response)
                    .ok());
  }
  const auto stub = v1::Scoring::NewStub(channel_);
  grpc::ClientContext users_context, rows_context;
  const auto users = stub->StreamScoreUsers(&users_context);
  const auto rows = stub->StreamScoreRows(&rows_context);
  v1::ScoreUsersRequest one;
  one.add_user_ids("anna");
  v1::ScoreRowsRequest row;
  for (int k = 0; k < 3; ++k) {
    one.add_user_ids(absl::StrCat("stranger-", k));
    ASSERT_TRUE(users->Write(one));
    v1::ScoreUsersResponse streamed, single;
    ASSERT_TRUE(users->Read(&streamed));
    grpc::ClientContext context;
    ASSERT_TRUE(stub->ScoreUsers(&context, one, &single).ok());
    single.mutable_as_of_time()->CopyFrom(streamed.as_of_time());
    EXPECT_EQ(streamed.SerializeAsString(), single.SerializeAsString());
    EXPECT_EQ(streamed.scores_size(), k + 2);
    ASSERT_TRUE(rows->Write(row));  // No row is none too many.
    v1::ScoreRowsResponse row_scores;
    ASSERT_TRUE(rows->Read(&row_scores));
    EXPECT_EQ(row_scores.model(), "churn_14d");
  }
  row.add_values(1);
  ASSERT_TRUE(rows->Write(row));
  v1::ScoreRowsResponse refused;
  EXPECT_FALSE(rows->Read(&refused));
  EXPECT_EQ(rows->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  const std::string metrics = HttpGet(server_->metrics_port(), "/metrics");
  EXPECT_THAT(metrics, HasSubstr("\ntenuto_calls_total{code=\"OK\",method="
                                 "\"StreamScoreUsers\"} 3"));
  EXPECT_THAT(metrics,
              HasSubstr("\ntenuto_calls_total{code=\"INVALID_ARGUMENT\",method="
                        "\"StreamScoreRows\"} 1"));
  const auto start = std::chrono::steady_clock::now();
  server_->Drain();  // An idle stream does not hold it.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
  EXPECT_EQ(users->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(ServerTest, EndsIdleStreamsWhenItDrains) {
  config_.set_drain_s_max(60);
  server_.reset();
  Start();
  server_->Serve();
  grpc::ClientContext context;
  auto stream = v1::Ingest::NewStub(channel_)->StreamEvents(&context);
  ASSERT_TRUE(stream->Write(Batch("anna")));
  v1::IngestEventsResponse response;
  ASSERT_TRUE(stream->Read(&response));
  const auto start = std::chrono::steady_clock::now();
  server_->Drain();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));
  EXPECT_FALSE(stream->Read(&response));
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(status.error_message(), HasSubstr("draining"));
}

TEST_F(ServerTest, FinishesRunningCallsWhenItDrains) {
  server_->Serve();
  constexpr int kCallers = 4;
  std::atomic<int> acknowledged = 0;
  std::vector<std::thread> callers;
  for (int caller = 0; caller < kCallers; ++caller) {
    callers.emplace_back([&, caller] {
      const auto stub = v1::Ingest::NewStub(channel_);
      for (int k = 0;; ++k) {
        grpc::ClientContext context;
        v1::IngestEventsResponse response;
        const grpc::Status status = stub->IngestEvents(
            &context, Batch(absl::StrCat("user-", caller, "-", k)), &response);
        if (status.ok()) {
          acknowledged += response.results_size();
          continue;
        }
        // What gRPC says to a call that comes while it shuts down.
        EXPECT_TRUE(status.error_code() == grpc::StatusCode::UNAVAILABLE ||
                    status.error_code() == grpc::StatusCode::CANCELLED)
            << status.error_message();
        return;
      }
    });
  }
  while (acknowledged < 100) std::this_thread::yield();
  server_->Drain();
  for (std::thread& thread : callers) thread.join();
  server_.reset();
  Start();
  // Neither an answer without effect nor an effect without answer.
  EXPECT_EQ(Status().last_position(),
            static_cast<std::uint64_t>(acknowledged.load()));
}

TEST_F(ServerTest, SaysThatItsPortIsTaken) {
  v1::ServerConfig config = config_;
  config.set_data_dir((folder_.path() / "other").string());
  config.set_listen(absl::StrCat("127.0.0.1:", server_->port()));
  const auto second = Server::Start(config, Clock::Real());
  EXPECT_THAT(std::string(second.status().message()),
              HasSubstr(absl::StrCat("listen: cannot bind ", config.listen(),
                                     ": the port is in use; ")));
}

TEST_F(ServerTest, ServesWithoutModelsUntilTheyCome) {
  server_.reset();
  std::filesystem::rename(folder_.path() / "models", folder_.path() / "away");
  std::filesystem::create_directory(folder_.path() / "models");
  Start();
  EXPECT_EQ(Status().models_size(), 0);
}

}  // namespace
}  // namespace tenuto
