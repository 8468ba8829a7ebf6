// R32 "retries are safe": a caller who does not hear the answer calls again,
// up to five times, and nothing happens twice. A proxy swallows the answers of
// a real server; what is left is compared with that of a server that was called
// once.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/base/atomic_file.h"
#include "features/base/clock.h"
#include "features/catalogue.h"
#include "features/ledger_checkpoint.h"
#include "features/rocks_ledger.h"
#include "gmock/gmock.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "gtest/gtest.h"
#include "model/bundle_manifest.h"
#include "tenuto/v1/admin.grpc.pb.h"
#include "tenuto/v1/decision.grpc.pb.h"
#include "tenuto/v1/ingest.grpc.pb.h"
#include "tenuto/v1/scoring.grpc.pb.h"
#include "tests/support/chaos_proxy.h"
#include "tests/support/child_process.h"
#include "tests/support/churn_bundle.h"
#include "tests/support/server_process.h"
#include "tests/support/test_events.h"

namespace tenuto::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AnyOf;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using Channel = std::shared_ptr<grpc::Channel>;

constexpr int kTriesMax = 5;
constexpr int kUsers = 12;
constexpr std::uint64_t kSeed = 32;
constexpr char kModel[] = "churn_14d";

std::string UserOf(int k) { return absl::StrCat("user-", k); }

// Calls until somebody answers, on a new connection each time.
class Caller {
 public:
  explicit Caller(std::string address) : address_(std::move(address)) {}

  grpc::Status Persist(const std::function<grpc::Status(Channel)>& call) {
    grpc::Status status;
    for (int tries = 0; tries < kTriesMax; ++tries) {
      status = call(Connect());
      if (status.error_code() != grpc::StatusCode::UNAVAILABLE) break;
    }
    return status;
  }
  // One attempt a connection.
  Channel Connect() {
    grpc::ChannelArguments arguments;
    arguments.SetInt("tenuto.connection", connections_++);
    return grpc::CreateCustomChannel(
        address_, grpc::InsecureChannelCredentials(), arguments);
  }
  template <typename Stub, typename Method, typename Request, typename Response>
  grpc::Status Call(std::unique_ptr<Stub> (*stub)(
                        const std::shared_ptr<grpc::ChannelInterface>&,
                        const grpc::StubOptions&),
                    Method method, const Request& request, Response& response) {
    return Persist([&](const Channel& channel) {
      grpc::ClientContext context;
      response.Clear();
      return ((*stub(channel, {})).*method)(&context, request, &response);
    });
  }

  grpc::Status Ingest(const v1::IngestEventsRequest& request) {
    v1::IngestEventsResponse response;
    return Call(&v1::Ingest::NewStub, &v1::Ingest::Stub::IngestEvents, request,
                response);
  }
  grpc::Status Decide(const std::string& id, const std::string& user,
                      v1::DecideTreatmentResponse& response) {
    v1::DecideTreatmentRequest request;
    request.set_request_id(id);
    request.set_user_id(user);
    return Call(&v1::Decision::NewStub, &v1::Decision::Stub::DecideTreatment,
                request, response);
  }
  grpc::Status Erase(const std::string& id, const std::string& user,
                     v1::EraseUserResponse& response) {
    v1::EraseUserRequest request;
    request.set_request_id(id);
    request.set_user_id(user);
    return Call(&v1::Admin::NewStub, &v1::Admin::Stub::EraseUser, request,
                response);
  }
  grpc::Status Checkpoint(const std::string& name,
                          v1::CreateCheckpointResponse& response) {
    v1::CreateCheckpointRequest request;
    request.set_name(name);
    return Call(&v1::Admin::NewStub, &v1::Admin::Stub::CreateCheckpoint,
                request, response);
  }
  grpc::Status Reload(v1::ReloadModelsResponse& response) {
    v1::ReloadModelsRequest request;
    request.set_request_id("reload");
    return Call(&v1::Admin::NewStub, &v1::Admin::Stub::ReloadModels, request,
                response);
  }

 private:
  const std::string address_;
  int connections_ = 0;
};

// The log without the times at which events came to be known.
struct Logged {
  Position position;
  UserKey user;
  std::uint64_t event_hash;
  std::string event;
  friend auto operator<=>(const Logged&, const Logged&) = default;
};
struct Ledgers {
  std::vector<Logged> log;
  std::map<UserKey, std::string> states;
  friend bool operator==(const Ledgers&, const Ledgers&) = default;
};

class Retries : public ::testing::Test {
 protected:
  Retries() { Start(); }
  void Start() {
    server_.emplace(folder_);
    proxy_.emplace(server_->address(), ChaosOptions{.seed = kSeed});
  }
  ~Retries() override {
    std::printf("seed %llu: %d answers swallowed, %d delivered\n",
                static_cast<unsigned long long>(kSeed), proxy_->swallowed(),
                proxy_->delivered());
  }

  // To a server that is called once. With the same keys, so that the same users
  // have the same bytes.
  Caller Once() {
    if (!once_) {
      once_folder_.emplace("decision_seed: 7");
      fs::create_directory(once_folder_->data);
      fs::permissions(once_folder_->data, fs::perms::owner_all);
      fs::copy_file(folder_.data / "user.key", once_folder_->data / "user.key");
      once_.emplace(*once_folder_);
    }
    return Caller(once_->address());
  }
  Caller Again() const { return Caller(proxy_->address()); }
  Caller Direct() const { return Caller(server_->address()); }

  v1::IngestEventsRequest BatchOf(int user) const {
    v1::IngestEventsRequest request;
    request.set_request_id(absl::StrCat("batch-", user));
    for (const v1::Event& event : SubscriberEvents(UserOf(user), 4, now_)) {
      *request.add_events() = event;
    }
    return request;
  }
  void IngestEverybody(Caller caller) const {
    for (int k = 0; k < kUsers; ++k) {
      const grpc::Status status = caller.Ingest(BatchOf(k));
      EXPECT_TRUE(status.ok()) << status.error_message();
    }
  }
  Ledgers Read(const fs::path& directory) const {
    const auto keys = UserKeys::Open(folder_.data / "user.key");
    const auto ledger = OpenRocksLedger(
        {.directory = directory, .read_only = true, .clock = &Clock::Real()},
        Catalogue::Embedded(), *keys);
    Ledgers read;
    EXPECT_TRUE(ledger.ok()) << ledger.status();
    if (!ledger.ok()) return read;
    for (int partition = 0; partition < kPartitions; ++partition) {
      EXPECT_TRUE((*ledger)
                      ->Scan(partition, 0,
                             [&](const LoggedEvent& event) {
                               read.log.push_back({event.position, event.user,
                                                   event.event_hash,
                                                   std::string(event.event)});
                               return true;
                             })
                      .ok());
      EXPECT_TRUE(
          (*ledger)
              ->ScanStates(partition,
                           [&](const UserKey& user, absl::string_view state) {
                             read.states[user] = std::string(state);
                             return true;
                           })
              .ok());
    }
    std::sort(read.log.begin(), read.log.end());
    return read;
  }
  // Decisions in the log: request id and decision id.
  std::multimap<std::string, std::string> DecisionsIn(
      const fs::path& directory) const {
    std::multimap<std::string, std::string> decisions;
    for (const Logged& logged : Read(directory).log) {
      v1::Event event;
      EXPECT_TRUE(event.ParseFromString(logged.event));
      if (!event.has_decision_made()) continue;
      decisions.emplace(event.decision_made().request_id(),
                        event.decision_made().decision_id());
    }
    return decisions;
  }
  // That every state is the fold of the log.
  void VerifyReplay() {
    server_->Stop();
    ChildProcess verify({BuiltProgram("tenuto"), "replay", "--verify",
                         "--ledger", folder_.data.string(), "--models",
                         folder_.models.string()});
    EXPECT_EQ(verify.Wait(), 0) << verify.errors();
  }

  const absl::Time now_ = Clock::Real().Now();
  const ServerFolder folder_{"decision_seed: 7"};
  std::optional<ServerFolder> once_folder_;
  std::optional<ServerProcess> once_;
  std::optional<ServerProcess> server_;
  std::optional<ChaosProxy> proxy_;
};

TEST_F(Retries, R32OfIngestEventsHaveTheirEffectOnce) {
  IngestEverybody(Once());
  IngestEverybody(Again());
  EXPECT_THAT(proxy_->swallowed(), Ge(kUsers / 3));
  const Ledgers once = Read(once_folder_->data);
  EXPECT_THAT(once.log, SizeIs(kUsers * 7));
  EXPECT_THAT(once.states, SizeIs(kUsers));
  EXPECT_EQ(Read(folder_.data), once);
}

// Sends the batches of `from` on, returns how many were answered.
int Stream(const Channel& channel,
           const std::vector<v1::IngestEventsRequest>& batches,
           std::size_t from) {
  grpc::ClientContext context;
  const auto stream = v1::Ingest::NewStub(channel)->StreamEvents(&context);
  for (std::size_t k = from; k < batches.size(); ++k) {
    if (!stream->Write(batches[k])) break;
  }
  stream->WritesDone();
  v1::IngestEventsResponse response;
  int answers = 0;
  while (stream->Read(&response)) {
    EXPECT_EQ(response.request_id(),
              batches[from + static_cast<std::size_t>(answers)].request_id());
    ++answers;
  }
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.ok(),
            from + static_cast<std::size_t>(answers) == batches.size());
  return answers;
}

TEST_F(Retries, R32OfBatchesOfAStreamHaveTheirEffectOnce) {
  std::vector<v1::IngestEventsRequest> batches;
  for (int k = 0; k < kUsers; ++k) batches.push_back(BatchOf(k));
  EXPECT_EQ(Stream(Once().Connect(), batches, 0), kUsers);
  Caller again = Again();
  // A client forgets answers it has not read yet when the connection ends, so
  // that there is no bound of five.
  std::size_t answered = 0;
  for (int k = 0; k < 100 && answered < batches.size(); ++k) {
    answered +=
        static_cast<std::size_t>(Stream(again.Connect(), batches, answered));
  }
  EXPECT_EQ(answered, batches.size());
  EXPECT_THAT(proxy_->swallowed(), Ge(2));
  // Batches of a stream overlap, and a state knows its last event's position:
  // states are held against the log instead.
  Ledgers once = Read(once_folder_->data);
  Ledgers again_read = Read(folder_.data);
  EXPECT_THAT(once.log, SizeIs(kUsers * 7));
  for (Ledgers* ledgers : {&once, &again_read}) {
    ledgers->states.clear();
    for (Logged& logged : ledgers->log) logged.position = 0;
    std::sort(ledgers->log.begin(), ledgers->log.end());
  }
  EXPECT_EQ(again_read, once);
  VerifyReplay();
}

TEST_F(Retries, R32OfDecideTreatmentHaveTheirEffectOnce) {
  IngestEverybody(Once());
  IngestEverybody(Direct());
  Caller once = Once();
  Caller again = Again();
  std::set<std::string> answered;
  for (int k = 0; k < 2 * kUsers; ++k) {
    const std::string id = absl::StrCat("decide-", k);
    v1::DecideTreatmentResponse response;
    EXPECT_TRUE(once.Decide(id, UserOf(k % kUsers), response).ok());
    EXPECT_TRUE(again.Decide(id, UserOf(k % kUsers), response).ok());
    answered.insert(response.decision_id());
  }
  EXPECT_THAT(proxy_->swallowed(), Ge(kUsers));
  const auto expected = DecisionsIn(once_folder_->data);
  const auto decisions = DecisionsIn(folder_.data);
  EXPECT_THAT(expected, SizeIs(2 * kUsers));
  EXPECT_THAT(decisions, SizeIs(2 * kUsers));
  std::set<std::string> logged;
  for (const auto& [request, decision] : decisions) {
    EXPECT_EQ(expected.count(request), 1u);
    logged.insert(decision);
  }
  EXPECT_EQ(logged, answered) << "what was answered is what was decided";
  VerifyReplay();
}

TEST_F(Retries, R32OfEraseUserHaveTheirEffectOnce) {
  IngestEverybody(Once());
  IngestEverybody(Direct());
  Caller once = Once();
  Caller again = Again();
  for (int k = 0; k < 4; ++k) {
    const std::string id = absl::StrCat("erase-", k);
    v1::EraseUserResponse expected, receipt, repeated;
    EXPECT_TRUE(once.Erase(id, UserOf(k), expected).ok());
    EXPECT_TRUE(again.Erase(id, UserOf(k), receipt).ok());
    EXPECT_TRUE(again.Erase(id, UserOf(k), repeated).ok());
    EXPECT_EQ(receipt.events(), 7u);
    EXPECT_EQ(receipt.bytes(), expected.bytes());
    EXPECT_EQ(receipt.through_position(), expected.through_position());
    EXPECT_TRUE(repeated.replayed());
    receipt.set_replayed(true);
    EXPECT_EQ(repeated.SerializeAsString(), receipt.SerializeAsString());
  }
  EXPECT_THAT(proxy_->swallowed(), Ge(2));
  EXPECT_EQ(Read(folder_.data), Read(once_folder_->data));
}

TEST_F(Retries, R32OfCreateCheckpointMakeOne) {
  IngestEverybody(Direct());
  Caller again = Again();
  for (int k = 0; k < 4; ++k) {
    v1::CreateCheckpointResponse response;
    const grpc::Status status =
        again.Checkpoint(absl::StrCat("c", k), response);
    EXPECT_THAT(status.error_code(),
                AnyOf(grpc::StatusCode::OK, grpc::StatusCode::ALREADY_EXISTS));
  }
  EXPECT_THAT(proxy_->swallowed(), Ge(1));
  const Ledgers all = Read(folder_.data);
  EXPECT_THAT(all.log, SizeIs(kUsers * 7));
  int found = 0;
  for (const auto& entry :
       fs::directory_iterator(folder_.data / kCheckpointsFolder)) {
    EXPECT_EQ(Read(entry.path()), all) << entry.path();
    ++found;
  }
  EXPECT_EQ(found, 4);
}

TEST_F(Retries, R32OfReloadModelsLoadABundleOnce) {
  Caller again = Again();
  for (int version = 2; version <= 6; ++version) {
    WriteChurnBundle(folder_.models, Catalogue::Embedded(), kModel,
                     static_cast<std::uint64_t>(version));
    ASSERT_TRUE(WriteFileAtomically(folder_.models / kModel / kChampionFile,
                                    absl::StrCat(version))
                    .ok());
    v1::ReloadModelsResponse response;
    EXPECT_TRUE(again.Reload(response).ok());
    ASSERT_EQ(response.models_size(), 1);
    EXPECT_EQ(response.models(0).version(), version);
    EXPECT_EQ(response.refusals_size(), 0);
  }
  EXPECT_THAT(proxy_->swallowed(), Ge(1));
  EXPECT_EQ(server_->Status().models(0).version(), 6);
}

TEST_F(Retries, R32WithAnotherBodyAreRefused) {
  IngestEverybody(Direct());
  Caller caller = Direct();
  v1::DecideTreatmentResponse decision;
  ASSERT_TRUE(caller.Decide("id", UserOf(0), decision).ok());
  grpc::Status status = caller.Decide("id", UserOf(1), decision);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_details(), HasSubstr("REQUEST_ID_REUSED"));
  v1::EraseUserResponse receipt;
  ASSERT_TRUE(caller.Erase("id", UserOf(0), receipt).ok());
  status = caller.Erase("id", UserOf(1), receipt);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_details(), HasSubstr("REQUEST_ID_REUSED"));
  EXPECT_THAT(Read(folder_.data).states, SizeIs(kUsers - 1));
}

TEST_F(Retries, R32FromSixtyFourThreadsAtOnceMakeOneDecision) {
  constexpr int kThreads = 64;
  IngestEverybody(Direct());
  std::vector<v1::DecideTreatmentResponse> answers(kThreads);
  std::vector<std::thread> threads;
  for (int k = 0; k < kThreads; ++k) {
    threads.emplace_back([this, k, &answers] {
      v1::DecideTreatmentRequest request;
      request.set_request_id("one");
      request.set_user_id(UserOf(3));
      grpc::ClientContext context;
      context.set_wait_for_ready(true);  // 64 connect at once.
      const grpc::Status status =
          v1::Decision::NewStub(server_->NewChannel(k))
              ->DecideTreatment(&context, request,
                                &answers[static_cast<std::size_t>(k)]);
      EXPECT_TRUE(status.ok())
          << status.error_code() << " " << status.error_message();
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<std::string> different;
  int first_hand = 0;
  for (v1::DecideTreatmentResponse& answer : answers) {
    first_hand += !answer.replayed();
    answer.clear_replayed();
    different.insert(answer.SerializeAsString());
  }
  EXPECT_EQ(first_hand, 1);
  EXPECT_THAT(different, SizeIs(1));
  EXPECT_THAT(DecisionsIn(folder_.data), SizeIs(1));
}

TEST_F(Retries, R32AreKnownToAServerThatWasKilledAndStartedAgain) {
  IngestEverybody(Direct());
  std::vector<v1::DecideTreatmentResponse> decisions(4);
  v1::EraseUserResponse receipt;
  for (int k = 0; k < 4; ++k) {
    ASSERT_TRUE(Direct()
                    .Decide(absl::StrCat("d", k), UserOf(k),
                            decisions[static_cast<std::size_t>(k)])
                    .ok());
  }
  ASSERT_TRUE(Direct().Erase("e", UserOf(9), receipt).ok());
  server_->Kill();
  Start();
  Caller caller = Direct();
  for (int k = 0; k < 4; ++k) {
    v1::DecideTreatmentResponse& before =
        decisions[static_cast<std::size_t>(k)];
    v1::DecideTreatmentResponse after;
    const std::string id = absl::StrCat("d", k);
    ASSERT_TRUE(caller.Decide(id, UserOf(k), after).ok());
    EXPECT_TRUE(after.replayed());
    before.set_replayed(true);
    EXPECT_EQ(after.SerializeAsString(), before.SerializeAsString());
    EXPECT_EQ(caller.Decide(id, UserOf(k + 1), after).error_code(),
              grpc::StatusCode::INVALID_ARGUMENT);
  }
  v1::EraseUserResponse again;
  ASSERT_TRUE(caller.Erase("e", UserOf(9), again).ok());
  receipt.set_replayed(true);
  EXPECT_EQ(again.SerializeAsString(), receipt.SerializeAsString());
  EXPECT_EQ(caller.Erase("e", UserOf(8), again).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(DecisionsIn(folder_.data), SizeIs(4));
}

}  // namespace
}  // namespace tenuto::testing
