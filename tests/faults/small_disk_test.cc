// R6 on a disk that is really full: a server whose data lie on a small file
// system of memory refuses events with a reason and scores on, takes events in
// again when a file is deleted, and has lost nothing when it is killed then.
#include <sched.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "features/base/clock.h"
#include "features/catalogue.h"
#include "features/rocks_ledger.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"
#include "tenuto/v1/decision.grpc.pb.h"
#include "tenuto/v1/ingest.grpc.pb.h"
#include "tenuto/v1/scoring.grpc.pb.h"
#include "tests/support/random_events.h"
#include "tests/support/server_process.h"
#include "tests/support/test_events.h"

namespace tenuto {
namespace {

namespace fs = std::filesystem;

constexpr int kBatchEvents = 500;
constexpr int kUsers = 20;
constexpr std::size_t kMebibyte = std::size_t{1} << 20;

// 96 MiB that this thread and the processes it starts see, and nobody else: the
// mount ends with them, whatever ends them.
class SmallDisk {
 public:
  explicit SmallDisk(const fs::path& folder) : folder_(folder) {
    fs::create_directories(folder);
    mounted_ =
        ::unshare(CLONE_NEWNS) == 0 &&
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
        ::mount("tenuto", folder.c_str(), "tmpfs", 0, "size=96m,mode=0700") ==
            0;
    if (!mounted_) refusal_ = std::strerror(errno);
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(folder_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool mounted() const { return mounted_; }
  const std::string& refusal() const { return refusal_; }

 private:
  const fs::path folder_;
  bool mounted_ = false;
  std::string refusal_;
};

std::string UserOf(int batch) {
  return absl::StrCat("listener ", batch % kUsers);
}

// What a producer sends as its `number`-th batch: the same ids each time.
v1::IngestEventsRequest Batch(int number) {
  testing::Draws draws(static_cast<std::uint64_t>(number));
  v1::IngestEventsRequest request;
  for (int k = 0; k < kBatchEvents; ++k) {
    v1::Event& event = *request.add_events();
    event = MakeEvent(UserOf(number), absl::StrCat(number, "/", k),
                      Clock::Real().Now() - absl::Seconds(k));
    event.mutable_playback()->set_ms_played(180'000);
    // What no compression makes small.
    std::string track;
    while (track.size() < 96) absl::StrAppend(&track, draws.Next());
    event.mutable_playback()->set_track_id(track);
  }
  return request;
}

grpc::Status Send(const ServerProcess& server, int number,
                  v1::EventVerdict expected = v1::EVENT_VERDICT_ACCEPTED) {
  grpc::ClientContext context;
  v1::IngestEventsResponse response;
  const grpc::Status status =
      v1::Ingest::NewStub(server.channel())
          ->IngestEvents(&context, Batch(number), &response);
  int others = 0;
  for (const v1::EventResult& result : response.results()) {
    others += result.verdict() != expected;
  }
  EXPECT_EQ(others, 0) << "batch " << number;
  return status;
}

bool CanScore(const ServerProcess& server, const std::string& user) {
  v1::ScoreUsersRequest request;
  request.add_user_ids(user);
  grpc::ClientContext context;
  v1::ScoreUsersResponse response;
  return v1::Scoring::NewStub(server.channel())
             ->ScoreUsers(&context, request, &response)
             .ok() &&
         response.scores_size() == 1;
}

grpc::Status Decide(const ServerProcess& server, const std::string& user) {
  v1::DecideTreatmentRequest request;
  request.set_request_id("while it is full");
  request.set_user_id(user);
  grpc::ClientContext context;
  v1::DecideTreatmentResponse response;
  return v1::Decision::NewStub(server.channel())
      ->DecideTreatment(&context, request, &response);
}

std::string ReasonOf(const grpc::Status& status) {
  google::rpc::Status rich;
  google::rpc::ErrorInfo info;
  if (!rich.ParseFromString(status.error_details())) return "";
  for (const auto& detail : rich.details()) {
    if (detail.UnpackTo(&info)) return info.reason();
  }
  return "";
}

void ExpectFull(const grpc::Status& status) {
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE)
      << status.error_message();
  EXPECT_EQ(ReasonOf(status), "DISK_FULL") << status.error_message();
}

// How many batches until one is refused, the number of which this is.
int SendUntilFull(const ServerProcess& server) {
  int batches = 0;
  grpc::Status status = Send(server, batches);
  while (status.ok() && batches < 2000) status = Send(server, ++batches);
  ExpectFull(status);
  return batches;
}

// Seconds until a batch is taken in, which is refused for want of room alone:
// one sent before too, while a compaction has the rest of the disk.
double SecondsUntilTakenIn(const ServerProcess& server, int number,
                           v1::EventVerdict expected) {
  const absl::Time start = Clock::Real().Now();
  absl::Duration waited;
  bool taken = false;
  while (!taken && !::testing::Test::HasFailure() &&
         waited < absl::Seconds(10)) {
    EXPECT_TRUE(CanScore(server, UserOf(number)));
    const grpc::Status status = Send(server, number, expected);
    taken = status.ok();
    if (!taken) ExpectFull(status);
    waited = Clock::Real().Now() - start;
  }
  EXPECT_TRUE(taken) << "batch " << number;
  return absl::ToDoubleSeconds(waited);
}

// How often the log has each event, by its hash.
std::map<std::uint64_t, int> LoggedIn(const fs::path& data) {
  std::map<std::uint64_t, int> logged;
  const auto ledger = OpenRocksLedger(
      {.directory = data, .read_only = true, .clock = &Clock::Real()},
      Catalogue::Embedded(), *UserKeys::Open(data / "user.key"));
  EXPECT_TRUE(ledger.ok()) << ledger.status();
  for (int partition = 0; ledger.ok() && partition < kPartitions; ++partition) {
    EXPECT_TRUE((*ledger)
                    ->Scan(partition, 0,
                           [&](const LoggedEvent& event) {
                             ++logged[event.event_hash];
                             return true;
                           })
                    .ok());
  }
  return logged;
}

// The ballast decides what meets the full disk first: the log that is being
// written, or a flush of what was gathered in memory.
class SmallDiskR6 : public ::testing::TestWithParam<std::size_t> {};

TEST_P(SmallDiskR6, StopsWritesOnlyAndEndsWhenAFileIsDeleted) {
  const ServerFolder folder;
  const SmallDisk disk(folder.data);
  if (!disk.mounted()) {
    GTEST_SKIP() << "this process may not mount a file system (needs root or "
                    "CAP_SYS_ADMIN): "
                 << disk.refusal();
  }
  const fs::path ballast = folder.data / "ballast";
  std::ofstream(ballast) << std::string(GetParam() * kMebibyte, 'b');
  ServerProcess server(folder);
  const int refused = SendUntilFull(server);
  for (int k = 0; k < 20; ++k) {
    ExpectFull(Send(server, refused));
    ExpectFull(Decide(server, UserOf(0)));
    EXPECT_TRUE(CanScore(server, UserOf(k)));
    ASSERT_FALSE(HasFailure()) << "after " << k << " tries";
  }
  EXPECT_EQ(fs::space(folder.data).capacity, 96 * kMebibyte) << "on our disk";
  fs::remove(ballast);
  const double waited =
      SecondsUntilTakenIn(server, refused, v1::EVENT_VERDICT_ACCEPTED);
  EXPECT_TRUE(Decide(server, UserOf(0)).ok());
  ASSERT_FALSE(HasFailure());
  server.Kill();

  ServerProcess again(folder);
  const absl::Time start = Clock::Real().Now();
  for (int batch = 0; batch <= refused; ++batch) {
    SecondsUntilTakenIn(again, batch, v1::EVENT_VERDICT_DUPLICATE);
    ASSERT_FALSE(HasFailure());
  }
  const double repeated = absl::ToDoubleSeconds(Clock::Real().Now() - start);
  EXPECT_LT(repeated, 30) << "all at once, and want of room";
  again.Stop();
  const auto logged = LoggedIn(folder.data);
  EXPECT_EQ(logged.size(),
            static_cast<std::size_t>((refused + 1) * kBatchEvents + 1))
      << "those, and the decision";
  for (const auto& [hash, times] : logged) EXPECT_EQ(times, 1);
  std::printf(
      "full after %d batches of %d events, writes again after %.3f s; "
      "sent again after a restart in %.3f s\n",
      refused, kBatchEvents, waited, repeated);
}

INSTANTIATE_TEST_SUITE_P(Ballast, SmallDiskR6, ::testing::Values(76, 56),
                         [](const auto& mebibytes) {
                           return absl::StrCat(mebibytes.param, "MiB");
                         });

}  // namespace
}  // namespace tenuto
