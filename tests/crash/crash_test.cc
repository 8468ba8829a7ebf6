// A real server is killed again and again while several producers send it
// events of the same users. Whatever it acknowledged must be there, once; what
// it did not may be there or not; nothing else may (promise R1).
// TENUTO_CRASH_KILLS says how often, TENUTO_CRASH_SEED which moments.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "features/base/clock.h"
#include "features/catalogue.h"
#include "features/rocks_ledger.h"
#include "grpcpp/create_channel.h"
#include "gtest/gtest.h"
#include "tenuto/v1/ingest.grpc.pb.h"
#include "tests/crash/expected_events.h"
#include "tests/support/child_process.h"
#include "tests/support/random_events.h"
#include "tests/support/server_process.h"
#include "xxhash.h"

namespace tenuto::testing {
namespace {

constexpr std::size_t kEventsMax = 40'000'000;
constexpr std::size_t kUsers = 300;
constexpr int kProducers = 6;
constexpr std::size_t kBatch = 25;

std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  std::uint64_t number = otherwise;
  if (text != nullptr) {
    EXPECT_TRUE(absl::SimpleAtoi(text, &number)) << name;
  }
  return number;
}

std::string IdOf(std::size_t event) { return absl::StrCat("e", event); }

class CrashTest : public ::testing::Test {
 protected:
  using Events = std::vector<std::size_t>;

  // Sends `events`, all pending, and notes what was acknowledged. False when
  // the call failed.
  bool Send(v1::Ingest::Stub& stub, const Events& events);
  // Starts the server and producers, who send until a call fails.
  void RunUntilKilled();
  // Every acknowledged event is in the log once, and none that nobody sent.
  void CheckLog(bool all_committed);

  const std::uint64_t seed_ = FromEnvironment("TENUTO_CRASH_SEED", 1);
  Draws draws_{seed_};
  const ServerFolder folder_;
  ExpectedEvents expected_{folder_.folder.path() / "expected", kEventsMax};
  std::atomic<std::size_t> next_{0};
  std::atomic<int> in_flight_{0};
  std::vector<Events> unknown_{kProducers};  // Fate unknown, by producer.
  int kills_with_pending_ = 0;
  absl::Duration slowest_start_ = absl::ZeroDuration();
};

bool CrashTest::Send(v1::Ingest::Stub& stub, const Events& events) {
  v1::IngestEventsRequest request;
  request.set_request_id("crash");
  for (const std::size_t number : events) {
    expected_.Set(number, Fate::kPending);
    v1::Event& event = *request.add_events();
    event.set_event_id(IdOf(number));
    event.set_user_id(absl::StrCat("user-", number % kUsers));
    event.mutable_event_time()->set_seconds(
        1'760'000'000 + static_cast<std::int64_t>(number % 5'000'000));
    event.mutable_playback()->set_track_id(absl::StrCat("t", number % 97));
    event.mutable_playback()->set_ms_played(1000);
  }
  grpc::ClientContext context;
  v1::IngestEventsResponse response;
  ++in_flight_;
  const grpc::Status status = stub.IngestEvents(&context, request, &response);
  --in_flight_;
  if (!status.ok()) return false;
  for (std::size_t k = 0; k < events.size(); ++k) {
    EXPECT_NE(response.results(static_cast<int>(k)).verdict(),
              v1::EVENT_VERDICT_REJECTED)
        << response.results(static_cast<int>(k)).message();
    expected_.Set(events[k], Fate::kCommitted);
  }
  return true;
}

void CrashTest::RunUntilKilled() {
  const absl::Time start = Clock::Real().Now();
  ServerProcess server(folder_);
  slowest_start_ = std::max(slowest_start_, Clock::Real().Now() - start);
  std::vector<std::thread> producers;
  std::array<absl::Notification, kProducers> gave_up;
  for (int p = 0; p < kProducers; ++p) {
    producers.emplace_back([&, p] {
      const absl::Cleanup give_up = [&] {
        gave_up[static_cast<std::size_t>(p)].Notify();
      };
      const auto stub = v1::Ingest::NewStub(server.NewChannel(p));
      Events& unknown = unknown_[static_cast<std::size_t>(p)];
      if (!unknown.empty() && !Send(*stub, unknown)) return;
      unknown.clear();
      while (next_ + kBatch * kProducers < kEventsMax) {
        const std::size_t first = next_.fetch_add(kBatch);
        for (std::size_t k = 0; k < kBatch; ++k) unknown.push_back(first + k);
        if (!Send(*stub, unknown)) return;
        unknown.clear();
      }
    });
  }
  EXPECT_FALSE(gave_up[0].WaitForNotificationWithTimeout(
      absl::Milliseconds(draws_.Between(5, 500))))
      << "a call failed before the server was killed; seed " << seed_;
  kills_with_pending_ += in_flight_ > 0;
  server.Kill();
  for (std::thread& producer : producers) producer.join();
}

void CrashTest::CheckLog(bool all_committed) {
  const auto keys = UserKeys::Open(folder_.data / "user.key");
  ASSERT_TRUE(keys.ok()) << keys.status();
  const auto ledger = OpenRocksLedger(
      {.directory = folder_.data, .read_only = true, .clock = &Clock::Real()},
      Catalogue::Embedded(), *keys);
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  absl::flat_hash_map<std::uint64_t, int> logged;
  for (int partition = 0; partition < kPartitions; ++partition) {
    ASSERT_EQ((*ledger)->Scan(partition, 0,
                              [&](const LoggedEvent& event) {
                                ++logged[event.event_hash];
                                return true;
                              }),
              absl::OkStatus());
  }
  std::size_t lost = 0, twice = 0, found = 0;
  const std::size_t sent = next_;
  for (std::size_t k = 0; k < sent; ++k) {
    const std::string id = IdOf(k);
    const auto at = logged.find(XXH3_64bits(id.data(), id.size()));
    const int times = at == logged.end() ? 0 : at->second;
    found += times > 0;
    twice += times > 1;
    lost += times == 0 && (all_committed ? expected_.of(k) != Fate::kUnsent
                                         : expected_.of(k) == Fate::kCommitted);
  }
  EXPECT_EQ(lost, 0u) << "seed " << seed_;
  EXPECT_EQ(twice, 0u) << "seed " << seed_;
  EXPECT_EQ(found, logged.size()) << "events that nobody sent";
}

TEST_F(CrashTest, LosesNothingAcknowledgedAndCountsNothingTwice) {
  const std::uint64_t kills = FromEnvironment("TENUTO_CRASH_KILLS", 25);
  for (std::uint64_t kill = 0; kill < kills; ++kill) {
    RunUntilKilled();
    if (HasFailure()) return;
    if (kill % 5 == 4) CheckLog(false);
  }
  ServerProcess server(folder_);
  const auto stub = v1::Ingest::NewStub(server.channel());
  std::size_t pending = 0;
  for (const Events& unknown : unknown_) {
    pending += unknown.size();
    if (!unknown.empty()) {
      EXPECT_TRUE(Send(*stub, unknown));
    }
  }
  server.Stop();
  CheckLog(true);
  ChildProcess verify({BuiltProgram("tenuto"), "replay", "--verify", "--ledger",
                       folder_.data.string()});
  EXPECT_EQ(verify.Wait(), 0) << verify.errors();
  std::printf(
      "seed %llu: %llu kills, %d with commits pending; %zu events, %zu of "
      "unknown fate sent again; slowest start %.2f s\n",
      static_cast<unsigned long long>(seed_),
      static_cast<unsigned long long>(kills), kills_with_pending_, next_.load(),
      pending, absl::ToDoubleSeconds(slowest_start_));
  EXPECT_GE(2 * static_cast<std::uint64_t>(kills_with_pending_), kills);
  EXPECT_LE(slowest_start_, absl::Seconds(3));
}

}  // namespace
}  // namespace tenuto::testing
