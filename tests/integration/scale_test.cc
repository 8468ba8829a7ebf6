// Promises that only a large ledger puts to the test, on a real server under
// load: R1, SERVING again within 3 s of a kill; R12 "backup", a checkpoint
// under load equals the log prefix to its position and is restored within two
// minutes; R41 "erasure is real", within 60 s, and no byte is left.
// TENUTO_SCALE_USERS says how many listeners there are.
#include <sys/resource.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "features/base/clock.h"
#include "features/user_key.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tenuto/v1/admin.grpc.pb.h"
#include "tenuto/v1/ingest.grpc.pb.h"
#include "tenuto/v1/scoring.grpc.pb.h"
#include "tests/integration/large_ledger.h"
#include "tests/support/byte_scan.h"
#include "tests/support/child_process.h"
#include "tests/support/health_check.h"
#include "tests/support/server_process.h"
#include "tests/support/test_events.h"

namespace tenuto::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::ContainsRegex;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::uint64_t kSeed = 12;
constexpr int kKills = 3;
constexpr double kLogMiBWanted = 42;  // Of the 48 that a ledger keeps.
constexpr int kSentinels = 3;
constexpr char kSentinel[] = "sentinel-";  // In every id of theirs.
constexpr int kServing = 1;
constexpr int kServingLooksMax = 1'000'000;

std::int64_t UsersToMake() {
  std::int64_t users = 20'000;
  if (const char* text = std::getenv("TENUTO_SCALE_USERS")) {
    EXPECT_TRUE(absl::SimpleAtoi(text, &users)) << text;
  }
  return users;
}

absl::Time Now() { return Clock::Real().Now(); }
double Since(absl::Time start) { return absl::ToDoubleSeconds(Now() - start); }

double MiB(const fs::path& folder, const std::string& extension = "") {
  std::uintmax_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    std::error_code gone;
    if (!entry.is_regular_file(gone)) continue;
    if (!extension.empty() && entry.path().extension() != extension) continue;
    const std::uintmax_t size = entry.file_size(gone);
    if (!gone) bytes += size;
  }
  return static_cast<double>(bytes) / (1 << 20);
}

std::string SentinelId(int number) {
  return absl::StrCat(kSentinel, "account-", number);
}

class ScaleTest : public ::testing::Test {
 protected:
  // A server that says SERVING, and how long that took.
  double StartServing() {
    const absl::Time start = Now();
    server_ = std::make_unique<ServerProcess>(folder_);
    int looks = 0;
    while (Health(server_->channel(), "") != kServing &&
           ++looks < kServingLooksMax) {
    }
    EXPECT_LT(looks, kServingLooksMax);
    return Since(start);
  }
  void MakeTheLedger();
  void KillUnderLoad();
  void SendSentinels() const;
  void CheckpointUnderLoad();
  void EraseUnderLoad();
  void RestoreElsewhere();
  // No word of `words_` is in any file there.
  void ExpectNothingOfThem(const fs::path& where) const {
    const absl::Time start = Now();
    EXPECT_THAT(FindBytes(where, words_), IsEmpty());
    std::printf("scanned %.0f MiB for %zu words in %.1f s\n", MiB(where),
                words_.size(), Since(start));
  }

  const std::int64_t users_ = UsersToMake();
  const ServerFolder folder_;
  const fs::path checkpoint_ = folder_.data / "checkpoints" / "tonight";
  const fs::path elsewhere_ = folder_.folder.path() / "elsewhere";
  std::unique_ptr<ServerProcess> server_;
  std::vector<std::string> words_;
  std::uint64_t checkpoint_position_ = 0;
};

void ScaleTest::MakeTheLedger() {
  const LargeLedger made = MakeLargeLedger(folder_.data, users_, Now(), kSeed);
  const double seconds = absl::ToDoubleSeconds(made.took);
  std::printf(
      "seed %llu: %lld users, %lld events made in %.1f s, %.0f/s; "
      "%.0f MiB, %.0f of them write-ahead log\n",
      static_cast<unsigned long long>(kSeed),
      static_cast<long long>(made.users), static_cast<long long>(made.events),
      seconds, static_cast<double>(made.events) / seconds, MiB(folder_.data),
      MiB(folder_.data, ".log"));
  std::printf("first start: SERVING after %.2f s\n", StartServing());
}

void ScaleTest::KillUnderLoad() {
  for (int kill = 0; kill < kKills; ++kill) {
    // Far from each other: a seed gives the ids of the events.
    const auto seed = kSeed + 100 * static_cast<std::uint64_t>(kill + 1);
    Producers producers(*server_, users_, seed);
    const absl::Time start = Now();
    // The first kill meets as much as a start may have to read.
    const std::int64_t events_max = kill == 0 ? users_ / 2 : users_ / 20;
    while (producers.acknowledged() < events_max &&
           !(kill == 0 && MiB(folder_.data, ".log") > kLogMiBWanted)) {
      ASSERT_TRUE(producers.WaitFor(1'000));
    }
    const double load_s = Since(start);
    const absl::Time killed = Now();
    server_->Kill();
    const double log_mib = MiB(folder_.data, ".log");
    StartServing();
    const double seconds = Since(killed);
    EXPECT_GT(producers.Stop(), 0) << "nobody was sending";
    std::printf(
        "killed after %lld events acknowledged in %.1f s, %.0f MiB of "
        "write-ahead log: SERVING after %.2f s\n",
        static_cast<long long>(producers.acknowledged()), load_s, log_mib,
        seconds);
    EXPECT_LE(seconds, 3);
  }
}

void ScaleTest::SendSentinels() const {
  v1::IngestEventsRequest request;
  v1::ScoreUsersRequest score;
  for (int k = 0; k < kSentinels; ++k) {
    const std::string id = SentinelId(k);
    score.add_user_ids(id);
    for (v1::Event event : SubscriberEvents(id, 7, Now())) {
      if (event.has_playback()) {
        event.mutable_playback()->set_track_id(absl::StrCat(kSentinel, "song"));
      }
      event.set_event_id(absl::StrCat(kSentinel, event.event_id()));
      *request.add_events() = event;
    }
  }
  grpc::ClientContext context;
  v1::IngestEventsResponse response;
  ASSERT_TRUE(v1::Ingest::NewStub(server_->channel())
                  ->IngestEvents(&context, request, &response)
                  .ok());
  for (const v1::EventResult& result : response.results()) {
    ASSERT_EQ(result.verdict(), v1::EVENT_VERDICT_ACCEPTED);
  }
  grpc::ClientContext score_context;
  v1::ScoreUsersResponse scores;
  ASSERT_TRUE(v1::Scoring::NewStub(server_->channel())
                  ->ScoreUsers(&score_context, score, &scores)
                  .ok());
}

void ScaleTest::CheckpointUnderLoad() {
  Producers producers(*server_, users_, kSeed + 1'000);
  producers.WaitFor(users_ / 20);
  v1::CreateCheckpointRequest request;
  request.set_name(checkpoint_.filename().string());
  v1::CreateCheckpointResponse made;
  grpc::ClientContext context;
  const std::int64_t before = producers.acknowledged();
  const absl::Time start = Now();
  const grpc::Status status = v1::Admin::NewStub(server_->channel())
                                  ->CreateCheckpoint(&context, request, &made);
  ASSERT_TRUE(status.ok()) << status.error_message();
  const double seconds = Since(start);
  const std::int64_t meanwhile = producers.acknowledged() - before;
  producers.WaitFor(1'000);
  EXPECT_EQ(producers.Stop(), 0);
  checkpoint_position_ = made.last_position();
  EXPECT_GT(server_->Status().last_position(), checkpoint_position_);
  fs::copy(checkpoint_, elsewhere_, fs::copy_options::recursive);
  std::printf(
      "checkpoint through %llu in %.2f s, %lld events acknowledged "
      "meanwhile; %.0f MiB\n",
      static_cast<unsigned long long>(checkpoint_position_), seconds,
      static_cast<long long>(meanwhile), MiB(elsewhere_));

  const fs::path key = folder_.data / "user.key";
  const LogPrefix copied = ReadLogPrefix(elsewhere_, key, ~std::uint64_t{0});
  EXPECT_EQ(copied, ReadLogPrefix(folder_.data, key, checkpoint_position_));
  std::printf("%lld events of it compared with the log, in %.1f s\n",
              static_cast<long long>(copied.events), Since(start) - seconds);
}

void ScaleTest::EraseUnderLoad() {
  Producers producers(*server_, users_, kSeed + 2'000);
  producers.WaitFor(1'000);
  for (int k = 0; k < kSentinels; ++k) {
    v1::EraseUserRequest request;
    request.set_request_id(absl::StrCat(kSentinel, "request-", k));
    request.set_user_id(SentinelId(k));
    v1::EraseUserResponse receipt;
    grpc::ClientContext context;
    const absl::Time start = Now();
    const grpc::Status status = v1::Admin::NewStub(server_->channel())
                                    ->EraseUser(&context, request, &receipt);
    const double seconds = Since(start);
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(receipt.events(), 10u);
    std::printf("EraseUser with a checkpoint and under load: %.2f s\n",
                seconds);
    EXPECT_LE(seconds, 60);
  }
  EXPECT_EQ(producers.Stop(), 0);
  ExpectNothingOfThem(folder_.data);
  server_->Stop();
  ExpectNothingOfThem(folder_.data);
}

// As deploy/RUNBOOK.md says.
void ScaleTest::RestoreElsewhere() {
  EXPECT_THAT(FindBytes(elsewhere_, words_), Not(IsEmpty()));
  const absl::Time start = Now();
  const fs::path broken = folder_.folder.path() / "broken";
  fs::rename(folder_.data, broken);
  fs::copy(elsewhere_, folder_.data, fs::copy_options::recursive);
  for (const char* name : {"user.key", "erased_users.txt"}) {
    fs::copy_file(broken / name, folder_.data / name);
  }
  const double copied_s = Since(start);
  ChildProcess erase({BuiltProgram("tenuto"), "erase", "--ledger",
                      folder_.data.string(), "--replay"});
  EXPECT_EQ(erase.Wait(), 0) << erase.errors();
  const double erased_s = Since(start);
  ChildProcess verify({BuiltProgram("tenuto"), "replay", "--verify", "--ledger",
                       folder_.data.string(), "--models",
                       folder_.models.string()});
  const std::string said = verify.ReadAll();
  EXPECT_EQ(verify.Wait(), 0) << verify.errors();
  EXPECT_THAT(said, ContainsRegex("states .* compared, 0 differ"));
  const double verified_s = Since(start);
  StartServing();
  const double seconds = Since(start);
  EXPECT_EQ(server_->Status().last_position(), checkpoint_position_);
  server_->Stop();
  std::printf(
      "%srestored: copied %.1f s, erased again %.1f s, verified "
      "%.1f s, SERVING %.1f s; in all %.1f s\n",
      said.c_str(), copied_s, erased_s - copied_s, verified_s - erased_s,
      seconds - verified_s, seconds);
  EXPECT_LE(seconds, 120);
  ExpectNothingOfThem(folder_.data);
}

TEST_F(ScaleTest, KeepsR1R12AndR41WithVeryManyListeners) {
  MakeTheLedger();
  KillUnderLoad();
  if (HasFatalFailure()) return;
  words_ = {kSentinel};
  const auto keys = UserKeys::Open(folder_.data / "user.key");
  ASSERT_TRUE(keys.ok()) << keys.status();
  for (int k = 0; k < kSentinels; ++k) {
    const UserKey key = keys->Of(SentinelId(k));
    words_.emplace_back(key.view());
    words_.push_back(key.Hex());
  }
  SendSentinels();
  EXPECT_THAT(FindBytes(folder_.data, {kSentinel}), Not(IsEmpty()));
  CheckpointUnderLoad();
  if (HasFatalFailure()) return;
  EraseUnderLoad();
  if (HasFatalFailure()) return;
  RestoreElsewhere();
  rusage children = {};
  ::getrusage(RUSAGE_CHILDREN, &children);
  std::printf("peak memory of the largest process started: %ld MiB\n",
              children.ru_maxrss / 1024);
}

}  // namespace
}  // namespace tenuto::testing
