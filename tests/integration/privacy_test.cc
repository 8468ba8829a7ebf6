// What the whole server promises about people: R41 "erasure is real", R42
// "consent withdrawal", R43 "no personal data leaks".
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "features/base/clock.h"
#include "features/record_log.h"
#include "features/rocks_ledger.h"
#include "gmock/gmock.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "gtest/gtest.h"
#include "server/server.h"
#include "server/server_options.h"
#include "tenuto/v1/admin.grpc.pb.h"
#include "tenuto/v1/decision.grpc.pb.h"
#include "tenuto/v1/ingest.grpc.pb.h"
#include "tenuto/v1/scoring.grpc.pb.h"
#include "tests/support/byte_scan.h"
#include "tests/support/churn_bundle.h"
#include "tests/support/http_get.h"
#include "tests/support/random_events.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_events.h"
#include "training/verify_replay.h"

namespace tenuto {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kUser[] = "sentinel-account-7f3a";
constexpr char kTrack[] = "sentinel-track-91bc";
constexpr char kRequest[] = "sentinel-request-55de";
constexpr char kEventId[] = "sentinel-event-20aa";

class Privacy : public ::testing::Test {
 protected:
  Privacy() {
    config_.set_listen("127.0.0.1:0");
    config_.set_metrics_listen("127.0.0.1:0");
    config_.set_data_dir(data_.string());
    config_.set_models_dir(models_.string());
    config_.set_recorded_row_share(1);
    SetDefaults(config_);
    WriteChurnBundle(models_, Catalogue::Embedded());
    Start();
  }

  void Start() {
    auto server = Server::Start(config_, Clock::Real());
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    server_->Serve();
    channel_ = grpc::CreateChannel(absl::StrCat("127.0.0.1:", server_->port()),
                                   grpc::InsecureChannelCredentials());
  }

  // What an answer or a refusal says, of any unary method.
  template <typename Stub, typename Method, typename Request, typename Response>
  grpc::Status Call(const std::unique_ptr<Stub>& stub, Method method,
                    const Request& request, Response& response) {
    grpc::ClientContext context;
    const grpc::Status status = ((*stub).*method)(&context, request, &response);
    said_ += status.error_message() + status.error_details();
    return status;
  }
  v1::IngestEventsResponse Ingest(const std::vector<v1::Event>& events) {
    v1::IngestEventsRequest request;
    for (const v1::Event& event : events) *request.add_events() = event;
    v1::IngestEventsResponse response;
    Call(v1::Ingest::NewStub(channel_), &v1::Ingest::Stub::IngestEvents,
         request, response);
    for (const v1::EventResult& result : response.results()) {
      said_ += result.reason() + " " + result.message() + "\n";
    }
    return response;
  }
  bool Score(const std::string& user) {
    v1::ScoreUsersRequest request;
    request.add_user_ids(user);
    v1::ScoreUsersResponse response;
    return Call(v1::Scoring::NewStub(channel_), &v1::Scoring::Stub::ScoreUsers,
                request, response)
        .ok();
  }
  v1::DecideTreatmentResponse Decide(const std::string& user,
                                     const std::string& id) {
    v1::DecideTreatmentRequest request;
    request.set_request_id(id);
    request.set_user_id(user);
    v1::DecideTreatmentResponse response;
    Call(v1::Decision::NewStub(channel_), &v1::Decision::Stub::DecideTreatment,
         request, response);
    return response;
  }
  grpc::Status Erase(const std::string& user, const std::string& id,
                     v1::EraseUserResponse& response) {
    v1::EraseUserRequest request;
    request.set_request_id(id);
    request.set_user_id(user);
    return Call(v1::Admin::NewStub(channel_), &v1::Admin::Stub::EraseUser,
                request, response);
  }
  std::vector<v1::Event> SentinelEvents() const {
    const absl::Time now = Clock::Real().Now();
    std::vector<v1::Event> events = SubscriberEvents(kUser, 5, now);
    v1::Event event = MakeEvent(kUser, kEventId, now - absl::Minutes(1));
    event.mutable_playback()->set_track_id(kTrack);
    events.push_back(event);
    return events;
  }

  const TempFolder folder_;
  const std::filesystem::path data_ = folder_.path() / "data";
  const std::filesystem::path models_ = folder_.path() / "models";
  v1::ServerConfig config_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::string said_;  // Every text of every answer.
};

// R41 "erasure is real"; with a million others in scale_test.cc.
TEST_F(Privacy, ErasureIsRealOverTheWholeServer) {
  const UserKey key = UserKeys::Open(data_ / "user.key")->Of(kUser);
  const std::vector<std::string> words = {
      kUser, kTrack, kEventId, kRequest, std::string(key.view()), key.Hex()};
  Ingest(SentinelEvents());
  Ingest(SubscriberEvents("somebody else", 5, Clock::Real().Now()));
  for (int k = 0; k < 20; ++k) ASSERT_TRUE(Score(kUser));
  const std::string decided = Decide(kUser, kRequest).decision_id();
  ASSERT_NE(decided, "");
  // Later they are compressed, which may hide them; the key stays to be seen.
  EXPECT_THAT(testing::FindBytes(data_, {kTrack}), Not(IsEmpty()));
  v1::CreateCheckpointRequest checkpoint;
  checkpoint.set_name("before");
  v1::CreateCheckpointResponse made;
  ASSERT_TRUE(Call(v1::Admin::NewStub(channel_),
                   &v1::Admin::Stub::CreateCheckpoint, checkpoint, made)
                  .ok());
  EXPECT_EQ(made.last_position(), 18u);
  EXPECT_THAT(testing::FindBytes(data_, {std::string(key.view())}),
              Not(IsEmpty()));

  v1::EraseUserResponse receipt;
  const absl::Time start = Clock::Real().Now();
  const grpc::Status erased = Erase(kUser, kRequest, receipt);
  std::printf("EraseUser took %.3f s\n",
              absl::ToDoubleSeconds(Clock::Real().Now() - start));
  ASSERT_TRUE(erased.ok()) << erased.error_message();
  EXPECT_EQ(receipt.events(), 10u);  // With the decision.
  EXPECT_EQ(receipt.through_position(), 18u);
  EXPECT_EQ(receipt.models_trained_before_size(), 1);
  EXPECT_THAT(testing::FindBytes(data_, words), IsEmpty());
  EXPECT_THAT(testing::FindBytes(data_, {decided}), IsEmpty());
  EXPECT_THAT(HttpGet(server_->metrics_port(), "/metrics"),
              ::testing::HasSubstr("\ntenuto_erasures_total 1"));

  ASSERT_TRUE(Erase(kUser, kRequest, receipt).ok());
  EXPECT_TRUE(receipt.replayed());
  EXPECT_EQ(receipt.events(), 10u);
  server_.reset();
  EXPECT_THAT(testing::FindBytes(data_, words), IsEmpty());
  Start();
  const auto again = Ingest(SentinelEvents());
  for (const v1::EventResult& result : again.results()) {
    EXPECT_EQ(result.verdict(), v1::EVENT_VERDICT_ACCEPTED) << "starts blank";
  }
}

// R43 "no personal data leaks".
TEST_F(Privacy, NoPersonalDataLeaksIntoLogsMetricsOrErrorTexts) {
  server_.reset();
  ::testing::internal::CaptureStderr();
  ::testing::internal::CaptureStdout();
  Start();
  Ingest(SentinelEvents());
  std::vector<v1::Event> bad = SentinelEvents();
  bad[0].set_user_id(std::string(kUser) + std::string(300, 'x'));
  bad[1].set_event_id(std::string(kEventId) + std::string(300, 'x'));
  bad[2].mutable_subscription_started()->set_currency(kTrack);
  bad[3].mutable_event_time()->set_seconds(99'999'999'999);
  bad[4].mutable_playback()->set_track_id(kTrack + std::string(5'000, 'x'));
  bad[5].mutable_time_zone_changed()->set_time_zone(kTrack);
  bad[6].clear_event_id();
  const auto refused = Ingest(bad);
  int rejected = 0;
  for (const v1::EventResult& result : refused.results()) {
    rejected += result.verdict() == v1::EVENT_VERDICT_REJECTED;
  }
  EXPECT_GE(rejected, 5);
  Score(kUser);
  Score(std::string(kUser) + std::string(300, 'x'));
  Score("");
  Decide(kUser, kRequest);
  Decide(std::string(kUser) + "2", kRequest);  // Reused.
  Decide(kUser, kRequest + std::string(300, 'x'));
  Decide("", kRequest);
  v1::EraseUserResponse receipt;
  Erase(kUser, kRequest, receipt);
  Erase(std::string(kUser) + "2", kRequest, receipt);  // Reused.
  Erase(kUser, kRequest + std::string(300, 'x'), receipt);
  v1::CreateCheckpointRequest checkpoint;
  checkpoint.set_name(absl::StrCat("../", kTrack));
  v1::CreateCheckpointResponse made;
  EXPECT_EQ(Call(v1::Admin::NewStub(channel_),
                 &v1::Admin::Stub::CreateCheckpoint, checkpoint, made)
                .error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  const std::string metrics = HttpGet(server_->metrics_port(), "/metrics");
  const UserKey key = UserKeys::Open(data_ / "user.key")->Of(kUser);
  server_.reset();
  const std::string logged = ::testing::internal::GetCapturedStderr() +
                             ::testing::internal::GetCapturedStdout();
  EXPECT_NE(metrics, "");
  EXPECT_THAT(logged, ::testing::HasSubstr("erased a user"));
  EXPECT_THAT(said_, ::testing::HasSubstr("REQUEST_ID_REUSED"));
  for (const std::string& text : {metrics, logged, said_}) {
    EXPECT_THAT(text, Not(::testing::HasSubstr("sentinel")));
    EXPECT_THAT(text, Not(::testing::HasSubstr(key.Hex())));
    EXPECT_THAT(text, Not(::testing::HasSubstr(std::string(key.view()))));
  }
}

// Columns that read any signal of behaviour, by the declaration's text.
std::set<int> ColumnsOfBehaviour() {
  std::set<int> columns;
  const Catalogue& catalogue = Catalogue::Embedded();
  for (std::size_t k = 0; k < catalogue.features().size(); ++k) {
    v1::Feature declaration = catalogue.features()[k].declaration;
    declaration.clear_name();
    const std::string text = declaration.DebugString();
    for (const Signal& signal : catalogue.signals()) {
      if (signal.declaration.consent() == v1::CONSENT_CLASS_BEHAVIOUR &&
          absl::StrContains(
              text, absl::StrCat("\"", signal.declaration.name(), "\""))) {
        columns.insert(static_cast<int>(k));
      }
    }
  }
  return columns;
}

v1::Event Consent(const std::string& user, const std::string& id,
                  v1::ConsentClass of, bool granted, absl::Time now) {
  v1::Event event = MakeEvent(user, id, now);
  event.mutable_consent_changed()->set_consent_class(of);
  event.mutable_consent_changed()->set_consent(granted ? v1::CONSENT_GRANTED
                                                       : v1::CONSENT_WITHHELD);
  return event;
}

// At each score of a user, in order.
using Granted = std::map<UserKey, std::vector<bool>>;

// How many scores were masked, all of them rightly.
int CountMasked(const RecordedScores& records, const Granted& granted) {
  const std::set<int> columns = ColumnsOfBehaviour();
  EXPECT_GT(columns.size(), 20u);
  int masked = 0;
  for (const auto& [user, expected] : granted) {
    const auto& scores =
        records.at(static_cast<std::size_t>(user.partition())).at(user);
    EXPECT_EQ(scores.size(), expected.size());
    for (std::size_t k = 0; k < scores.size(); ++k) {
      std::size_t missing = 0;
      for (const int column : columns) {
        missing += std::isnan(scores[k].row(column));
      }
      EXPECT_EQ(missing == columns.size(), !expected.at(k));
      masked += !expected.at(k);
    }
  }
  return masked;
}

// R42 "consent withdrawal": the next score, and replay agrees.
TEST_F(Privacy, ConsentWithdrawalMasksTheVeryNextScoreAndTreatment) {
  constexpr int kUsers = 12;
  constexpr int kRounds = 6;
  constexpr std::uint64_t kSeed = 42;
  testing::Draws draws(kSeed);
  Granted granted;
  const auto keys = UserKeys::Open(data_ / "user.key");
  const absl::Time begin = Clock::Real().Now();
  for (int u = 0; u < kUsers; ++u) {
    const std::string user = absl::StrCat("listener ", u);
    Ingest(SubscriberEvents(user, 4, begin));
    bool behaviour = true;
    for (int round = 0; round < kRounds; ++round) {
      const bool change = draws.Chance(0.7);
      if (change) behaviour = !behaviour;
      // Events of consent have whole seconds: each is later than the last.
      const absl::Time when = begin - absl::Seconds(100 - round);
      if (change) {
        Ingest({Consent(user, absl::StrCat("b", round),
                        v1::CONSENT_CLASS_BEHAVIOUR, behaviour, when),
                Consent(user, absl::StrCat("m", round),
                        v1::CONSENT_CLASS_MESSAGES, behaviour, when)});
      }
      ASSERT_TRUE(Score(user));
      granted[keys->Of(user)].push_back(behaviour);
      const auto decision = Decide(user, absl::StrCat("r", u, "/", round));
      granted[keys->Of(user)].push_back(behaviour);
      if (behaviour) continue;
      EXPECT_EQ(decision.treatment(), "none") << "seed " << kSeed;
      for (const v1::Considered& considered : decision.considered()) {
        if (considered.treatment() == "none") continue;
        EXPECT_EQ(considered.propensity(), 0) << considered.treatment();
      }
    }
  }
  server_.reset();
  auto records = ReadRecordedScores(data_ / "records");
  ASSERT_TRUE(records.ok()) << records.status();
  EXPECT_GT(CountMasked(*records, granted), 20) << "seed " << kSeed;
  const auto ledger = OpenRocksLedger({data_, true, 2, &Clock::Real()},
                                      Catalogue::Embedded(), *keys);
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  const auto replay = VerifyReplay(**ledger, Catalogue::Embedded(),
                                   *std::move(records), models_, 1);
  ASSERT_TRUE(replay.ok()) << replay.status();
  EXPECT_EQ(replay->rows, kUsers * kRounds * 2);
  EXPECT_EQ(replay->rows_differing + replay->states_differing, 0);
}

}  // namespace
}  // namespace tenuto
