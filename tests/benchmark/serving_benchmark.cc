// How fast a real server scores users for a client that keeps 64 calls in
// flight: client and server share the machine, as the numbers do.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "features/base/clock.h"
#include "gtest/gtest.h"
#include "tenuto/v1/scoring.grpc.pb.h"
#include "tests/support/random_events.h"
#include "tests/support/server_process.h"

namespace tenuto {
namespace {

constexpr int kInFlight = 64;
constexpr int kUsers = 2'000;
constexpr int kEventsPerUser = 60;
constexpr int kDays = 120;
constexpr absl::Duration kMeasured = absl::Seconds(5);

std::string UserName(std::int64_t number) {
  return absl::StrCat("listener-", number);
}

std::vector<v1::Event> MakeThePast() {
  const absl::Time begin = Clock::Real().Now() - absl::Hours(24 * kDays);
  testing::RandomEvents random(1, absl::ToUnixMicros(begin), kDays);
  std::vector<v1::Event> events;
  for (int k = 0; k < kUsers * kEventsPerUser; ++k) {
    events.push_back(random.Plausible());
    events.back().set_user_id(UserName(k % kUsers));
  }
  return events;
}

// One call in flight, again and again.
struct Slot {
  std::unique_ptr<grpc::ClientContext> context;
  v1::ScoreUsersRequest request;
  v1::ScoreUsersResponse response;
  grpc::Status status;
  std::unique_ptr<grpc::ClientAsyncResponseReader<v1::ScoreUsersResponse>> call;
  absl::Time begin;
};

struct Speed {
  double calls_per_s = 0;
  absl::Duration p50, p99;
};

class ClosedLoop {
 public:
  ClosedLoop(const std::shared_ptr<grpc::Channel>& channel, int users_per_call)
      : stub_(v1::Scoring::NewStub(channel)), users_per_call_(users_per_call) {}

  Speed Run() {
    const absl::Time begin = Clock::Real().Now();
    for (Slot& slot : slots_) Send(slot);
    int in_flight = kInFlight;
    void* tag = nullptr;
    bool ok = false;
    while (in_flight > 0 && queue_.Next(&tag, &ok)) {
      Slot& slot = *static_cast<Slot*>(tag);
      const absl::Time now = Clock::Real().Now();
      EXPECT_TRUE(slot.status.ok()) << slot.status.error_message();
      EXPECT_EQ(slot.response.scores_size(), users_per_call_);
      latencies_.push_back(now - slot.begin);
      if (slot.status.ok() && now - begin < kMeasured) {
        Send(slot);
      } else {
        --in_flight;
      }
    }
    const absl::Duration took = Clock::Real().Now() - begin;
    std::sort(latencies_.begin(), latencies_.end());
    return {
        static_cast<double>(latencies_.size()) / absl::ToDoubleSeconds(took),
        latencies_[latencies_.size() / 2],
        latencies_[latencies_.size() * 99 / 100]};
  }

 private:
  void Send(Slot& slot) {
    slot.request.set_model("churn_14d");
    slot.request.clear_user_ids();
    for (int k = 0; k < users_per_call_; ++k) {
      slot.request.add_user_ids(UserName(draws_.Between(0, kUsers - 1)));
    }
    slot.context = std::make_unique<grpc::ClientContext>();
    slot.begin = Clock::Real().Now();
    slot.call =
        stub_->AsyncScoreUsers(slot.context.get(), slot.request, &queue_);
    slot.call->Finish(&slot.response, &slot.status, &slot);
  }

  const std::unique_ptr<v1::Scoring::Stub> stub_;
  const int users_per_call_;
  testing::Draws draws_{1};
  grpc::CompletionQueue queue_;
  std::array<Slot, kInFlight> slots_;
  std::vector<absl::Duration> latencies_;
};

TEST(ServingBenchmark, ScoresUsersForACallerThatNeverWaits) {
  const ServerFolder folder;
  folder.ImportThePast(MakeThePast());
  ServerProcess server(folder);
  std::printf("%d users of %d events; %d calls in flight for %.0f s each\n",
              kUsers, kEventsPerUser, kInFlight,
              absl::ToDoubleSeconds(kMeasured));
  std::printf("users/call   calls/s    users/s    p50 ms    p99 ms\n");
  for (const int users : {1, 10, 50}) {
    const Speed speed = ClosedLoop(server.channel(), users).Run();
    std::printf("%10d %9.0f %10.0f %9.2f %9.2f\n", users, speed.calls_per_s,
                users * speed.calls_per_s,
                absl::ToDoubleMilliseconds(speed.p50),
                absl::ToDoubleMilliseconds(speed.p99));
    EXPECT_GT(speed.calls_per_s, 0);
  }
  server.Stop();
}

}  // namespace
}  // namespace tenuto
