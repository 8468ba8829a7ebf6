// Writes an archive of what this release leaves on disks: the checkpoint of a
// ledger that served, with its key, score records and list of erased users; a
// bundle; and the scores of every listener. All of it is made up.
//   ninja -C build golden.make && build/tests/golden.make NEW.tar.gz
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/base/log.h"
#include "features/catalogue.h"
#include "features/rocks_ledger.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "server/server.h"
#include "server/server_options.h"
#include "tenuto/v1/admin.grpc.pb.h"
#include "tenuto/v1/decision.grpc.pb.h"
#include "tenuto/v1/ingest.grpc.pb.h"
#include "tenuto/v1/scoring.grpc.pb.h"
#include "tests/golden/golden_scores.h"
#include "tests/support/child_process.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/random_events.h"
#include "tests/support/test_events.h"
#include "tests/support/toy_forest.h"
#include "training/bundle_writer.h"

namespace tenuto {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kSeed = 13;
constexpr std::size_t kColumnsApart = 7;
constexpr int kPastDays = 100;
constexpr int kPastEvents = 100;
constexpr char kErased[] = "listener-erased";

void Check(const absl::Status& status) {
  TENUTO_CHECK(status.ok(), status.ToString());
}

void Check(const grpc::Status& status) {
  TENUTO_CHECK(status.ok(), status.error_message());
}

std::unique_ptr<Ledger> OpenLedger(const fs::path& data, const Clock& clock,
                                   const UserKeys& keys) {
  auto ledger = OpenRocksLedger({.directory = data, .clock = &clock},
                                Catalogue::Embedded(), keys);
  Check(ledger.status());
  return *std::move(ledger);
}

void WriteGoldenBundle(const fs::path& models) {
  const auto& features = Catalogue::Embedded().features();
  v1::Manifest manifest = ToyManifest(kGoldenModel, 1);
  manifest.clear_columns();
  for (std::size_t k = 0; k < features.size(); k += kColumnsApart) {
    v1::Column& column = *manifest.add_columns();
    column.set_name(features[k].name);
    column.set_fingerprint(features[k].fingerprint);
  }
  const FittedModel model = ToyModel(manifest.columns_size(), kSeed);
  Check(WriteBundle(models, std::move(manifest), model, kSeed).status());
}

// Events of every kind, of the days before the server runs.
void CommitThePast(const fs::path& data, const Clock& clock) {
  const auto keys = UserKeys::OpenOrCreate(data / "user.key");
  Check(keys.status());
  const auto ledger = OpenLedger(data, clock, *keys);
  testing::RandomEvents random(
      kSeed, absl::ToUnixMicros(kTestNow - absl::Hours(24 * kPastDays)),
      kPastDays);
  std::vector<std::string> users = GoldenUsers();
  users.emplace_back(kErased);
  for (const std::string& user : users) {
    auto life = random.Life(keys->Of(user), kPastEvents);
    std::erase_if(life, [](const GatedEvent& event) {
      return event.known_time_us >= absl::ToUnixMicros(kTestNow);
    });
    Check(ledger->Commit(life).status());
  }
}

// A server takes in events, scores, decides and erases.
void Serve(const fs::path& data, const fs::path& models, const Clock& clock) {
  v1::ServerConfig config;
  config.set_listen("127.0.0.1:0");
  config.set_metrics_listen("127.0.0.1:0");
  config.set_data_dir(data.string());
  config.set_models_dir(models.string());
  config.set_default_model(kGoldenModel);
  config.set_recorded_row_share(1);
  config.set_decision_seed(kSeed);
  SetDefaults(config);
  auto server = Server::Start(config, clock);
  Check(server.status());
  (*server)->Serve();
  const auto channel =
      grpc::CreateChannel(absl::StrCat("127.0.0.1:", (*server)->port()),
                          grpc::InsecureChannelCredentials());
  for (const std::string& user : GoldenUsers()) {
    v1::IngestEventsRequest request;
    for (const v1::Event& event : SubscriberEvents(user, 5, kTestNow)) {
      *request.add_events() = event;
    }
    v1::IngestEventsResponse taken;
    grpc::ClientContext ingest;
    Check(v1::Ingest::NewStub(channel)->IngestEvents(&ingest, request, &taken));
    v1::ScoreUsersRequest whom;
    whom.add_user_ids(user);
    v1::ScoreUsersResponse scores;
    grpc::ClientContext score;
    Check(v1::Scoring::NewStub(channel)->ScoreUsers(&score, whom, &scores));
    v1::DecideTreatmentRequest question;
    question.set_request_id(user);
    question.set_user_id(user);
    v1::DecideTreatmentResponse decision;
    grpc::ClientContext decide;
    Check(v1::Decision::NewStub(channel)->DecideTreatment(&decide, question,
                                                          &decision));
  }
  v1::EraseUserRequest request;
  request.set_request_id("erase");
  request.set_user_id(kErased);
  v1::EraseUserResponse receipt;
  grpc::ClientContext erase;
  Check(v1::Admin::NewStub(channel)->EraseUser(&erase, request, &receipt));
}

// What is kept: a ledger with its key, models, scores.
void Collect(const fs::path& data, const fs::path& models,
             const fs::path& kept) {
  const FixedClock clock(kTestNow);
  const auto keys = UserKeys::Open(data / "user.key");
  Check(keys.status());
  const auto ledger = OpenLedger(data, clock, *keys);
  Check(ledger->Checkpoint(kept / "ledger").status());
  for (const char* name : {"user.key", "erased_users.txt"}) {
    fs::copy_file(data / name, kept / "ledger" / name,
                  fs::copy_options::overwrite_existing);
  }
  fs::copy(data / "records", kept / "ledger" / "records",
           fs::copy_options::recursive);
  fs::copy(models, kept / "models", fs::copy_options::recursive);
  const auto scores = GoldenScores(*ledger, *keys, models);
  Check(scores.status());
  std::ofstream(kept / "scores.txt") << *scores;
}

int Main(const std::string& archive) {
  const TempFolder folder;
  const fs::path data = folder.path() / "data";
  const fs::path models = folder.path() / "models";
  const fs::path kept = folder.path() / "kept";
  for (const fs::path& path : {data, models, kept}) {
    fs::create_directories(path);
  }
  const FixedClock clock(kTestNow);
  WriteGoldenBundle(models);
  CommitThePast(data, clock);
  Serve(data, models, clock);
  Collect(data, models, kept);
  ChildProcess tar({"/usr/bin/tar", "--sort=name", "--mtime=@0", "--owner=0",
                    "--group=0", "--numeric-owner", "-C", kept.string(), "-czf",
                    fs::absolute(archive).string(), "."});
  TENUTO_CHECK(tar.Wait() == 0, tar.errors());
  std::printf("%s: %ju bytes\n", archive.c_str(), fs::file_size(archive));
  return 0;
}

}  // namespace
}  // namespace tenuto

int main(int count, char** words) {
  if (count != 2) {
    std::fprintf(stderr, "golden.make: name the archive to write\n");
    return 2;
  }
  return tenuto::Main(words[1]);
}
