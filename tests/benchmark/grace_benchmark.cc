// What a plan for a failed payment costs over a real connection to a real
// server, made durable before it is answered: the most a second that the server
// can do, and at half of that how long a call takes from when it was due. With
// forests as large as `tenuto train grace` makes them. The server has one core,
// the client the other. No call can be quicker than the disk makes a write
// durable, so that is measured beside it, and the server a second time on files
// in memory: what is left is ours. The server's core is kept awake (AwakeCore);
// what the machine delays all the same, PacedFloor tells in the same minute.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "features/base/clock.h"
#include "features/catalogue.h"
#include "gtest/gtest.h"
#include "model/grace/failure_columns.h"
#include "tenuto/v1/grace.pb.h"
#include "tenuto/v1/ingest.pb.h"
#include "tests/benchmark/cores.h"
#include "tests/benchmark/load.h"
#include "tests/benchmark/paced_floor.h"
#include "tests/benchmark/targets.h"
#include "tests/support/random_events.h"
#include "tests/support/recovery_bundle.h"
#include "tests/support/server_process.h"

namespace tenuto {
namespace {

constexpr int kUsers = 4'000;
constexpr int kEventsPerUser = 60;
constexpr int kDays = 120;
constexpr int kOpenDays = 20;  // The oldest failure.
// The most that `tenuto train grace` makes of the three hazards.
constexpr int kTrees = 200;
constexpr int kDepth = 4;
constexpr int kInFlight = 64;
constexpr absl::Duration kRound = absl::Milliseconds(500);
constexpr int kRounds = 8;
constexpr absl::Duration kOpenWindow = absl::Milliseconds(500);
constexpr int kOpenWindows = 20;
constexpr double kOpenShare = 0.5;
// About what a plan with its answer adds to the store's log.
constexpr int kBytesAPlan = 8 << 10;
constexpr int kServerCore = 1;
constexpr int kClientCore = 0;

std::string UserName(int number) { return absl::StrCat("listener-", number); }

v1::Event FailedAttempt(int user, absl::Time time) {
  v1::Event event;
  event.set_user_id(UserName(user));
  event.set_event_id(absl::StrCat("attempt-", user));
  event.mutable_event_time()->set_seconds(absl::ToUnixSeconds(time));
  v1::PaymentAttempted& attempt = *event.mutable_payment_attempted();
  attempt.set_invoice_id(absl::StrCat("invoice-", user));
  attempt.set_attempt_number(1);
  attempt.set_amount_minor(1099);
  attempt.set_currency("EUR");
  attempt.set_outcome(v1::PAYMENT_OUTCOME_DECLINED);
  // A tenth of the cards cannot pay.
  attempt.set_decline_code(user % 10 == 0 ? "54" : "51");
  attempt.set_network(user % 3 == 0 ? v1::CARD_NETWORK_MASTERCARD
                                    : v1::CARD_NETWORK_VISA);
  attempt.set_initiator(v1::PAYMENT_INITIATOR_MERCHANT);
  attempt.set_method_kind(v1::PAYMENT_METHOD_KIND_CARD);
  attempt.set_card_expiry_epoch_s(absl::ToUnixSeconds(time) + 86'400 * 400);
  return event;
}

// Users who listen, and whose newest payment failed some days ago.
std::vector<v1::Event> MakeThePast(absl::Time now) {
  testing::RandomEvents random(
      1, absl::ToUnixMicros(now - absl::Hours(24 * kDays)), kDays - 25);
  std::vector<v1::Event> events;
  for (int k = 0; k < kUsers * kEventsPerUser; ++k) {
    events.push_back(random.Plausible());
    events.back().set_user_id(UserName(k % kUsers));
  }
  for (int user = 0; user < kUsers; ++user) {
    events.push_back(FailedAttempt(
        user, now - absl::Hours(1) - absl::Hours(24 * (user % kOpenDays))));
  }
  return events;
}

constexpr char kMemoryFiles[] = "/dev/shm";

// Where the folders of tests are made, for as long as it lives.
class FoldersIn {
 public:
  explicit FoldersIn(const char* place) {
    if (const char* const before = std::getenv("TMPDIR")) before_ = before;
    if (*place != 0) ::setenv("TMPDIR", place, 1);
  }
  ~FoldersIn() {
    before_.empty() ? ::unsetenv("TMPDIR")
                    : ::setenv("TMPDIR", before_.c_str(), 1);
  }
  FoldersIn(const FoldersIn&) = delete;
  FoldersIn& operator=(const FoldersIn&) = delete;

 private:
  std::string before_;
};

// What a small write costs until it is durable, milliseconds each: the floor
// of whatever is made durable before it is answered.
std::vector<double> SyncsIn(const std::filesystem::path& folder) {
  const int file =
      ::open((folder / "syncs").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  EXPECT_GE(file, 0);
  const std::string record(1'024, 'x');
  std::vector<double> milliseconds;
  for (int k = 0; k < 1'000; ++k) {
    const absl::Time begin = Clock::Real().Now();
    EXPECT_EQ(::write(file, record.data(), record.size()),
              static_cast<ssize_t>(record.size()));
    EXPECT_EQ(::fdatasync(file), 0);
    milliseconds.push_back(
        absl::ToDoubleMilliseconds(Clock::Real().Now() - begin));
  }
  ::close(file);
  return milliseconds;
}

class GraceServer {
 public:
  // On files in `place`; empty: where tests have theirs.
  explicit GraceServer(const char* place) : folders_(place) {
    WriteRecoveryBundle(
        folder_.models, "grace", 1,
        {.row_width = static_cast<int>(Catalogue::Embedded().features().size()),
         .trees = kTrees,
         .depth = kDepth});
    folder_.ImportThePast(MakeThePast(Clock::Real().Now()));
    PinThisProcess(kServerCore);
    server_ = std::make_unique<ServerProcess>(folder_);
    PinThisProcess(kClientCore);
    client_ = std::make_unique<LoadClient>(server_->address());
    awake_ = std::make_unique<AwakeCore>(kServerCore);
    std::printf(
        "%d users with an open failure; 3 forests of %d trees of depth %d over "
        "%zu columns and %d of the payment; %s\n",
        kUsers, kTrees, kDepth, Catalogue::Embedded().features().size(),
        kFailureColumns,
        CountCores() < 2 ? "server and client share a core"
                         : "server on one core, client on another");
  }
  ~GraceServer() {
    client_.reset();
    server_->Stop();
  }

  const char* awake() const {
    return awake_->turns() ? "kept awake" : "let sleep";
  }
  const std::filesystem::path& folder() const { return folder_.folder.path(); }

  // Every request is a new one, so none is answered from memory.
  Load Plans(bool plan_only, int count) {
    Load load{"/tenuto.v1.Grace/PlanGracePeriod", {}};
    for (int k = 0; k < count; ++k) {
      v1::PlanGracePeriodRequest request;
      request.set_request_id(absl::StrCat("request-", ++requests_));
      request.set_user_id(UserName(static_cast<int>(requests_ % kUsers)));
      request.set_plan_only(plan_only);
      load.Add(request);
    }
    return load;
  }
  Load OneEventEach(int count) {
    Load load{"/tenuto.v1.Ingest/IngestEvents", {}};
    for (int k = 0; k < count; ++k) {
      v1::IngestEventsRequest request;
      v1::Event& event = *request.add_events();
      event.set_event_id(absl::StrCat("event-", ++requests_));
      event.set_user_id(UserName(static_cast<int>(requests_ % kUsers)));
      event.mutable_event_time()->set_seconds(
          absl::ToUnixSeconds(Clock::Real().Now()));
      event.mutable_search();
      load.Add(request);
    }
    return load;
  }

  struct Measured {
    double peak = 0;
    double p50_ms = 0;
    double p99_ms = 0;  // Of the window in the middle.
    double p99_whole_ms = 0;
    double cpu_us = 0;  // Of the server, a call at the peak.
    double cpu_at_half_us = 0;
  };
  template <class MakeLoad>
  Measured Measure(const char* what, const MakeLoad& make) {
    Measured measured;
    const Load closed = make(40'000);
    client_->Closed(closed, kInFlight, kRound);  // Warms up.
    std::vector<double> speeds, cpu_us;
    for (int k = 0; k < kRounds; ++k) {
      const double before = CpuSecondsOf(server_->pid());
      const LoadResult round = client_->Closed(closed, kInFlight, kRound);
      EXPECT_EQ(round.failures, 0);
      speeds.push_back(round.calls_per_s());
      cpu_us.push_back(1e6 * (CpuSecondsOf(server_->pid()) - before) /
                       static_cast<double>(round.latencies.size()));
    }
    measured.peak = Quantile(0.5, speeds);
    measured.cpu_us = Quantile(0.5, cpu_us);
    const LoadResult alone = client_->Closed(closed, 1, kRound * kRounds);
    std::printf("%-26s one call at a time: p50 %6.3f ms  p99 %6.3f ms\n", what,
                alone.Milliseconds(0.5), alone.Milliseconds(0.99));
    const double rate = kOpenShare * measured.peak;
    const Load open = make(static_cast<int>(
        1.2 * rate * absl::ToDoubleSeconds(kOpenWindows * kOpenWindow)));
    LoadResult whole;
    std::vector<double> p99_ms;
    const double before = CpuSecondsOf(server_->pid());
    for (const LoadResult& window :
         client_->OpenByWindow(open, rate, kOpenWindow, kOpenWindows)) {
      EXPECT_EQ(window.failures, 0);
      p99_ms.push_back(window.Milliseconds(0.99));
      whole.Merge(window);
    }
    measured.cpu_at_half_us = 1e6 * (CpuSecondsOf(server_->pid()) - before) /
                              static_cast<double>(whole.latencies.size());
    measured.p50_ms = whole.Milliseconds(0.5);
    measured.p99_ms = Quantile(0.5, p99_ms);
    measured.p99_whole_ms = whole.Milliseconds(0.99);
    std::printf(
        "%-26s peak %6.0f calls/s, CPU %5.0f us a call; at half of it "
        "%5.0f us, its looking out for calls included, p50 %6.3f ms  p99 %6.3f "
        "ms, of the whole %7.3f ms, slowest "
        "%6.1f ms\n",
        what, measured.peak, measured.cpu_us, measured.cpu_at_half_us,
        measured.p50_ms, measured.p99_ms, measured.p99_whole_ms,
        whole.Milliseconds(1));
    return measured;
  }

 private:
  const FoldersIn folders_;
  const ServerFolder folder_;
  std::unique_ptr<ServerProcess> server_;
  std::unique_ptr<LoadClient> client_;
  std::unique_ptr<AwakeCore> awake_;
  std::int64_t requests_ = 0;
};

GraceServer::Measured MeasurePlans(GraceServer& server, bool plan_only) {
  return server.Measure(
      plan_only ? "plan_only" : "with everything told",
      [&](int count) { return server.Plans(plan_only, count); });
}

TEST(GraceBenchmark, PlansAndMakesDurable) {
  GraceServer::Measured in_memory;
  if (std::filesystem::exists(kMemoryFiles)) {
    std::puts("files in memory, so that nothing waits for a disk:");
    GraceServer server(kMemoryFiles);
    in_memory = MeasurePlans(server, false);
    MeasurePlans(server, true);
  }
  std::puts("files on the disk:");
  GraceServer server("");
  const std::vector<double> syncs = SyncsIn(server.folder());
  std::printf(
      "a write of 1 KiB until it is durable: p50 %.3f ms  p99 %.3f ms\n",
      Quantile(0.5, syncs), Quantile(0.99, syncs));
  const GraceServer::Measured whole = MeasurePlans(server, false);
  const PacedFloor floor = MeasurePacedFloor(
      server.folder(), {.core = kServerCore,
                        .calls_per_s = kOpenShare * whole.peak,
                        .cpu_us = whole.cpu_us,
                        .bytes = kBytesAPlan,
                        .window = kOpenWindow,
                        .windows = kOpenWindows});
  std::printf(
      "no server, one worker: as many calls, as much CPU each, %d KiB made "
      "durable: p50 "
      "%6.3f ms  p99 %6.3f ms\n",
      kBytesAPlan >> 10, floor.p50_ms, floor.p99_ms);
  const GraceServer::Measured bare = MeasurePlans(server, true);
  server.Measure("beside: ingest of 1 event",
                 [&](int count) { return server.OneEventEach(count); });
  ReportFigure(
      "serving.plan_grace_p99_ms",
      {.measured = whole.p99_ms,
       .note = absl::StrFormat(
           "the half second in the middle of 10; of the whole %.2f; p50 %.2f; "
           "peak %.0f calls/s; plan_only %.2f; the disk alone p50 %.2f, p99 "
           "%.2f; as many calls of as much CPU and a durable write, without a "
           "server p50 %.2f, p99 %.2f; on files in memory %.2f at half of %.0f "
           "calls/s; the "
           "server's "
           "core is %s",
           whole.p99_whole_ms, whole.p50_ms, whole.peak, bare.p99_ms,
           Quantile(0.5, syncs), Quantile(0.99, syncs), floor.p50_ms,
           floor.p99_ms, in_memory.p99_ms, in_memory.peak, server.awake())});
}

}  // namespace
}  // namespace tenuto
