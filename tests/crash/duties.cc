#include "tests/crash/duties.h"

#include <algorithm>
#include <filesystem>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "features/base/atomic_file.h"
#include "features/base/clock.h"
#include "features/catalogue.h"
#include "features/ledger_checkpoint.h"
#include "features/record_log.h"
#include "features/rocks_ledger.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/bundle_manifest.h"
#include "tenuto/v1/admin.grpc.pb.h"
#include "tenuto/v1/decision.grpc.pb.h"
#include "tenuto/v1/ingest.grpc.pb.h"
#include "tenuto/v1/scoring.grpc.pb.h"
#include "tests/support/byte_scan.h"
#include "tests/support/churn_bundle.h"
#include "tests/support/test_events.h"

namespace tenuto::testing {
namespace {

using ::testing::IsEmpty;

constexpr int kDeciders = 8;
constexpr char kModel[] = "churn_14d";
constexpr char kListener[] = "listener";

std::string DeciderOf(int request) {
  return absl::StrCat("decider-", request % kDeciders);
}

bool Ingest(const ServerProcess& server, const std::string& user) {
  v1::IngestEventsRequest request;
  for (const v1::Event& event :
       SubscriberEvents(user, 3, Clock::Real().Now())) {
    *request.add_events() = event;
  }
  request.mutable_events()->rbegin()->mutable_playback()->set_track_id(
      absl::StrCat("track of ", user));
  grpc::ClientContext context;
  v1::IngestEventsResponse response;
  return v1::Ingest::NewStub(server.channel())
      ->IngestEvents(&context, request, &response)
      .ok();
}

std::optional<v1::ScoreUsersResponse> Score(const ServerProcess& server,
                                            const std::string& user) {
  v1::ScoreUsersRequest request;
  request.add_user_ids(user);
  grpc::ClientContext context;
  v1::ScoreUsersResponse response;
  const bool ok = v1::Scoring::NewStub(server.channel())
                      ->ScoreUsers(&context, request, &response)
                      .ok();
  return ok ? std::optional(response) : std::nullopt;
}

grpc::Status Decide(const ServerProcess& server, const std::string& request_id,
                    const std::string& user,
                    v1::DecideTreatmentResponse& response) {
  v1::DecideTreatmentRequest request;
  request.set_request_id(request_id);
  request.set_user_id(user);
  grpc::ClientContext context;
  return v1::Decision::NewStub(server.channel())
      ->DecideTreatment(&context, request, &response);
}

grpc::Status Erase(const ServerProcess& server, const std::string& user,
                   v1::EraseUserResponse& response) {
  v1::EraseUserRequest request;
  request.set_request_id(absl::StrCat("erase ", user));
  request.set_user_id(user);
  grpc::ClientContext context;
  return v1::Admin::NewStub(server.channel())
      ->EraseUser(&context, request, &response);
}

grpc::Status MakeCheckpoint(const ServerProcess& server,
                            const std::string& name,
                            v1::CreateCheckpointResponse& response) {
  v1::CreateCheckpointRequest request;
  request.set_name(name);
  grpc::ClientContext context;
  return v1::Admin::NewStub(server.channel())
      ->CreateCheckpoint(&context, request, &response);
}

UserKeys KeysOf(const ServerFolder& folder) {
  return *UserKeys::Open(folder.data / "user.key");
}

// Every event of a ledger, read beside whoever has it.
void VisitLog(const ServerFolder& folder,
              const std::filesystem::path& directory,
              absl::FunctionRef<void(const LoggedEvent&)> visit) {
  const auto ledger = OpenRocksLedger(
      {.directory = directory, .read_only = true, .clock = &Clock::Real()},
      Catalogue::Embedded(), KeysOf(folder));
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  for (int partition = 0; partition < kPartitions; ++partition) {
    ASSERT_EQ((*ledger)->Scan(partition, 0,
                              [&](const LoggedEvent& event) {
                                visit(event);
                                return true;
                              }),
              absl::OkStatus());
  }
}

std::uint64_t EventsThrough(const ServerFolder& folder,
                            const std::filesystem::path& directory,
                            Position last) {
  std::uint64_t events = 0;
  VisitLog(folder, directory,
           [&](const LoggedEvent& event) { events += event.position <= last; });
  return events;
}

std::vector<std::filesystem::path> CheckpointsOf(const ServerFolder& folder) {
  std::vector<std::filesystem::path> found;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(
           folder.data / kCheckpointsFolder, none)) {
    found.push_back(entry.path());
  }
  return found;
}

}  // namespace

bool Decisions::Decide(const ServerProcess& server, int request) {
  v1::DecideTreatmentResponse response;
  if (!testing::Decide(server, absl::StrCat("decide ", request),
                       DeciderOf(request), response)
           .ok()) {
    return false;
  }
  const auto [at, is_new] = decided_.emplace(request, response.decision_id());
  EXPECT_EQ(at->second, response.decision_id()) << "another answer";
  EXPECT_TRUE(is_new || response.replayed());
  return true;
}

void Decisions::RunUntilAFailure(const ServerProcess& server) {
  for (int k = 0; k < kDeciders; ++k) {
    if (!Ingest(server, DeciderOf(k))) return;
  }
  while (Decide(server, next_)) ++next_;
}

void Decisions::Repeat(const ServerProcess& server, bool) {
  for (int k = 0; k < kDeciders; ++k) {
    EXPECT_TRUE(Ingest(server, DeciderOf(k)));
  }
  for (int k = std::max(0, next_ - 5); k <= next_; ++k) {
    EXPECT_TRUE(Decide(server, k));
  }
  ++next_;
}

void Decisions::CheckFolder() {
  std::map<std::string, int> logged;
  VisitLog(folder_, folder_.data, [&](const LoggedEvent& logged_event) {
    v1::Event event;
    ASSERT_TRUE(event.ParseFromString(std::string(logged_event.event)));
    if (event.has_decision_made()) {
      ++logged[event.decision_made().decision_id()];
    }
  });
  EXPECT_EQ(logged.size(), decided_.size());
  for (const auto& [request, decision] : decided_) {
    EXPECT_EQ(logged[decision], 1) << "request " << request;
  }
}

bool Erasures::Prepare(const ServerProcess& server, const std::string& user) {
  v1::DecideTreatmentResponse decided;
  return Ingest(server, user) && Score(server, user) &&
         Decide(server, absl::StrCat("decide ", user), user, decided).ok();
}

void Erasures::RunUntilAFailure(const ServerProcess& server) {
  for (bool is_first = true;; is_first = false) {
    const std::string user = absl::StrCat("leaver-", next_);
    if (!Prepare(server, user)) return;
    v1::CreateCheckpointResponse checkpoint;
    if (is_first &&
        !MakeCheckpoint(server, absl::StrCat("with-", next_), checkpoint)
             .ok()) {
      return;
    }
    v1::EraseUserResponse receipt;
    unknown_ = next_++;
    if (!Erase(server, user, receipt).ok()) return;
    unknown_.reset();
    erased_.push_back(user);
  }
}

void Erasures::ExpectNoByteOf(const std::vector<std::string>& users) const {
  const UserKeys keys = KeysOf(folder_);
  std::vector<std::string> words;
  for (const std::string& user : users) {
    words.push_back(std::string(keys.Of(user).view()));
    words.push_back(absl::StrCat("track of ", user));
  }
  EXPECT_THAT(FindBytes(folder_.data, words), IsEmpty());
}

void Erasures::Repeat(const ServerProcess& server, bool was_committed) {
  ExpectNoByteOf(erased_);
  if (unknown_) {
    const std::string user = absl::StrCat("leaver-", *unknown_);
    if (was_committed) ExpectNoByteOf({user});
    v1::EraseUserResponse receipt;
    const grpc::Status status = Erase(server, user, receipt);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_GE(receipt.replayed(), was_committed);
    EXPECT_EQ(receipt.events(), 7u) << "six and the decision";
    ExpectNoByteOf({user});
    erased_.push_back(user);
  }
  unknown_.reset();
  ++next_;
}

void Erasures::CheckFolder() {
  ExpectNoByteOf(erased_);
  for (const auto& checkpoint : CheckpointsOf(folder_)) {
    VisitLog(folder_, checkpoint, [](const LoggedEvent&) {});
    std::filesystem::remove_all(checkpoint);
  }
}

void Checkpoints::RunUntilAFailure(const ServerProcess& server) {
  for (;;) {
    v1::CreateCheckpointResponse response;
    unknown_ = absl::StrCat("c", next_++);
    if (!MakeCheckpoint(server, *unknown_, response).ok()) return;
    told_[*unknown_] = response.last_position();
    unknown_.reset();
  }
}

void Checkpoints::Repeat(const ServerProcess& server, bool) {
  for (const auto& [name, last] : told_) {
    EXPECT_TRUE(
        std::filesystem::exists(folder_.data / kCheckpointsFolder / name));
  }
  if (!unknown_) return;
  const bool is_there =
      std::filesystem::exists(folder_.data / kCheckpointsFolder / *unknown_);
  v1::CreateCheckpointResponse response;
  const grpc::Status status = MakeCheckpoint(server, *unknown_, response);
  EXPECT_EQ(status.error_code(),
            is_there ? grpc::StatusCode::ALREADY_EXISTS : grpc::StatusCode::OK);
  if (status.ok()) told_[*unknown_] = response.last_position();
  unknown_.reset();
}

void Checkpoints::CheckFolder() {
  for (const auto& checkpoint : CheckpointsOf(folder_)) {
    Position last = 0;
    VisitLog(folder_, checkpoint, [&](const LoggedEvent& event) {
      last = std::max(last, event.position);
    });
    const auto told = told_.find(checkpoint.filename());
    if (told != told_.end()) {
      EXPECT_EQ(last, told->second) << checkpoint;
    }
    EXPECT_EQ(EventsThrough(folder_, checkpoint, last),
              EventsThrough(folder_, folder_.data, last))
        << checkpoint;
    std::filesystem::remove_all(checkpoint);
  }
  told_.clear();
}

void Reloads::WriteBundle() {
  WriteChurnBundle(folder_.models, Catalogue::Embedded(), kModel, ++bundles_);
  EXPECT_EQ(WriteFileAtomically(folder_.models / kModel / kChampionFile,
                                absl::StrCat(bundles_)),
            absl::OkStatus());
}

void Reloads::RunUntilAFailure(const ServerProcess& server) {
  for (;;) {
    WriteBundle();
    grpc::ClientContext context;
    v1::ReloadModelsResponse response;
    if (!v1::Admin::NewStub(server.channel())
             ->ReloadModels(&context, {}, &response)
             .ok()) {
      return;
    }
    EXPECT_EQ(response.refusals_size(), 0);
    EXPECT_EQ(response.models(0).version(),
              static_cast<std::int64_t>(bundles_));
  }
}

void Reloads::Repeat(const ServerProcess& server, bool) {
  const auto score = Score(server, "somebody");
  ASSERT_TRUE(score);
  EXPECT_EQ(score->model_version(), static_cast<std::int64_t>(bundles_));
}

void Scores::RunUntilAFailure(const ServerProcess& server) {
  durable_ = 0;
  if (!Ingest(server, kListener)) return;
  const auto admin = v1::Admin::NewStub(server.channel());
  for (int k = 1; Score(server, kListener); ++k) {
    grpc::ClientContext context;
    v1::GetServerStatusResponse status;
    if (!admin->GetServerStatus(&context, {}, &status).ok()) return;
    const bool more_are_durable = status.score_records_written() > durable_;
    durable_ = status.score_records_written();
    EXPECT_EQ(status.score_records_lost(), 0u);
    v1::EraseUserResponse receipt;
    if (more_are_durable &&
        !Erase(server, absl::StrCat("stranger-", strangers_++), receipt).ok()) {
      return;
    }
  }
}

void Scores::Repeat(const ServerProcess& server, bool) {
  EXPECT_TRUE(Score(server, kListener));
}

void Scores::CheckFolder() {
  std::uint64_t records = 0;
  const absl::Status read = ReadScoreRecords(folder_.data / kRecordsFolder,
                                             [&](const v1::ScoreRecord&) {
                                               ++records;
                                               return true;
                                             });
  EXPECT_EQ(read, absl::OkStatus());
  // Those of the repeat, too, whose server was stopped well.
  EXPECT_GE(records, before_ + durable_ + 1);
  before_ = records;
}

}  // namespace tenuto::testing
