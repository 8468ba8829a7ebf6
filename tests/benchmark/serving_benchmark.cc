// How fast a real server scores for a client that never waits, beside what the
// same calls cost in gRPC alone: an echo of the same kind of server, with the
// same messages. Servers have one core, the client the other; server and echo
// take turns.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "features/base/clock.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "gtest/gtest.h"
#include "tenuto/v1/scoring.pb.h"
#include "tests/benchmark/cores.h"
#include "tests/benchmark/load.h"
#include "tests/benchmark/serving_bundles.h"
#include "tests/benchmark/targets.h"
#include "tests/support/child_process.h"
#include "tests/support/random_events.h"
#include "tests/support/random_forest.h"
#include "tests/support/server_process.h"

namespace tenuto {
namespace {

constexpr int kInFlight = 64;
constexpr int kUsers = 2'000;
constexpr int kEventsPerUser = 60;
constexpr int kDays = 120;
constexpr int kRounds = 9;
constexpr int kRoundsOfKinds = 5;
constexpr absl::Duration kRound = absl::Milliseconds(700);
constexpr absl::Duration kOpenLoop = absl::Seconds(5);
// What is asked of calls that arrive evenly, at this share of the peak.
constexpr double kOpenLoopShare = 0.6;
constexpr double kOpenLoopP99MsMax = 1;
constexpr int kServerCore = 1;
constexpr int kClientCore = 0;

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

Load UsersLoad(int users_per_call) {
  Load load{"/tenuto.v1.Scoring/ScoreUsers", {}};
  testing::Draws draws(1);
  for (int k = 0; k < kUsers; ++k) {
    v1::ScoreUsersRequest request;
    request.set_model("churn_14d");
    for (int user = 0; user < users_per_call; ++user) {
      request.add_user_ids(UserName(draws.Between(0, kUsers - 1)));
    }
    load.Add(request);
  }
  return load;
}

// One row of 128 floats a call, 8 % of them missing.
Load RowsLoad() {
  Load load{"/tenuto.v1.Scoring/ScoreRows", {}};
  RandomForestShape shape;
  shape.columns = kRowsColumns;
  const std::vector<float> rows =
      RandomRows(RandomForest(shape, 1), 1'024, 0.08, 2);
  for (auto row = rows.begin(); row < rows.end(); row += kRowsColumns) {
    v1::ScoreRowsRequest request;
    request.set_model(kRowsModel);
    for (int c = 0; c < kRowsColumns; ++c) {
      // The server takes no infinities.
      request.add_values(std::isinf(row[c]) ? std::copysign(1e30f, row[c])
                                            : row[c]);
    }
    load.Add(request);
  }
  return load;
}

// A server under load, and what its rounds gave.
struct Contestant {
  Contestant(std::string its_name, pid_t its_process,
             const std::shared_ptr<grpc::Channel>& channel)
      : name(std::move(its_name)), process(its_process), client(channel) {}

  void Round(const Load& load) {
    const double before = CpuSecondsOf(process);
    const LoadResult result = client.Closed(load, kInFlight, kRound);
    cpu_seconds += CpuSecondsOf(process) - before;
    calls += static_cast<double>(result.calls);
    EXPECT_EQ(result.failures, 0) << name;
    speeds.push_back(result.calls_per_s);
    p99_ms.push_back(absl::ToDoubleMilliseconds(result.p99));
  }
  void Forget() {
    speeds.clear();
    p99_ms.clear();
    calls = 0;
    cpu_seconds = 0;
  }
  double cpu_us() const { return 1e6 * cpu_seconds / calls; }

  const std::string name;
  const pid_t process;
  LoadClient client;
  std::vector<double> speeds;
  std::vector<double> p99_ms;
  double calls = 0;
  double cpu_seconds = 0;
};

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// The contestants in turn, `rounds` times, after a round that does not count.
void Compete(const Load& load, int rounds,
             const std::vector<Contestant*>& contestants) {
  for (int round = -1; round < rounds; ++round) {
    for (Contestant* contestant : contestants) {
      contestant->Round(load);
      if (round < 0) contestant->Forget();
    }
  }
  std::printf("%-40s %10s %19s %10s %10s\n", load.method.c_str(), "calls/s",
              "least to most", "p99 ms", "CPU us");
  for (const Contestant* contestant : contestants) {
    const auto [least, most] = std::minmax_element(contestant->speeds.begin(),
                                                   contestant->speeds.end());
    std::printf("%-40s %10.0f %9.0f %9.0f %10.2f %10.1f\n",
                contestant->name.c_str(), Median(contestant->speeds), *least,
                *most, Median(contestant->p99_ms), contestant->cpu_us());
  }
}

class ServingBenchmark : public ::testing::Test {
 protected:
  ServingBenchmark() {
    // What a process starts inherits its core, so servers are started on
    // theirs; then the client goes to the other.
    CountCores();
    WriteServingBundles(folder_.models);
    folder_.ImportThePast(MakeThePast());
    PinThisProcess(kServerCore);
    server_ = std::make_unique<ServerProcess>(folder_);
    PinThisProcess(kClientCore);
    std::printf(
        "%d users of %d events; %d calls in flight; %s; CPU us: of the server, "
        "a call\n",
        kUsers, kEventsPerUser, kInFlight,
        CountCores() < 2 ? "servers and client share a core"
                         : "servers on one core, the client on another");
  }
  ~ServingBenchmark() override {
    ours_.reset();
    server_->Stop();
  }

  // An echo of what the server answers to these loads.
  void StartEcho(const std::string& kind) {
    PinThisProcess(kServerCore);
    Echo& echo = echoes_.emplace_back();
    echo.process = std::make_unique<ChildProcess>(std::vector<std::string>{
        BuiltProgram("tests/echo_server"), kind,
        folder_.folder.Write("rows", ours().client.AnswerTo(rows_)).string(),
        folder_.folder.Write("users", ours().client.AnswerTo(users_))
            .string()});
    const auto address = echo.process->ReadAfter("listening on ");
    PinThisProcess(kClientCore);
    ASSERT_TRUE(address.has_value()) << echo.process->errors();
    echo.contestant = std::make_unique<Contestant>(
        "echo, " + kind, echo.process->pid(),
        grpc::CreateChannel(*address, grpc::InsecureChannelCredentials()));
  }
  Contestant& echo(std::size_t k) { return *echoes_[k].contestant; }
  Contestant& ours() {
    if (ours_ == nullptr) {
      ours_ = std::make_unique<Contestant>("tenuto-server", server_->pid(),
                                           server_->channel());
    }
    return *ours_;
  }

  // Our calls a second over the echo's, and what the server's CPU time says
  // the ratio would be were nothing else in the way.
  void CompareWithEcho(const char* key, const Load& load) {
    echo(0).Forget();
    ours().Forget();
    Compete(load, kRounds, {&echo(0), &ours()});
    ReportFigure(key,
                 {.measured = Median(ours().speeds) / Median(echo(0).speeds),
                  .note = absl::StrFormat("CPU %.1f us a call, echo %.1f",
                                          ours().cpu_us(), echo(0).cpu_us())});
  }

  // Even arrivals at a share of the peak that the last rounds showed.
  void OpenLoop(const Load& load) {
    const double rate = kOpenLoopShare * Median(ours().speeds);
    const LoadResult result = ours().client.Open(load, rate, kOpenLoop);
    EXPECT_EQ(result.failures, 0);
    const double p99_ms = absl::ToDoubleMilliseconds(result.p99);
    std::printf(
        "%-40s %.0f calls/s due, %.0f %% of the peak: p50 %.3f ms, p99 %.3f "
        "ms, slowest %.1f ms; target p99 <= %.0f ms: %s\n\n",
        load.method.c_str(), rate, 100 * kOpenLoopShare,
        absl::ToDoubleMilliseconds(result.p50), p99_ms,
        absl::ToDoubleMilliseconds(result.latest), kOpenLoopP99MsMax,
        p99_ms <= kOpenLoopP99MsMax ? "pass" : "short");
  }

  const Load rows_ = RowsLoad();
  const Load users_ = UsersLoad(1);

 private:
  struct Echo {
    std::unique_ptr<ChildProcess> process;
    std::unique_ptr<Contestant> contestant;
  };
  const ServerFolder folder_;
  std::unique_ptr<ServerProcess> server_;
  std::unique_ptr<Contestant> ours_;
  std::vector<Echo> echoes_;
};

TEST_F(ServingBenchmark, ScoresBesideAnEchoOfTheSameKind) {
  StartEcho("callback");
  CompareWithEcho("serving.score_rows_vs_echo", rows_);
  OpenLoop(rows_);
  CompareWithEcho("serving.score_users_vs_echo", users_);
  OpenLoop(users_);
}

TEST_F(ServingBenchmark, ScoresManyUsersACall) {
  for (const int users : {1, 10, 50}) {
    ours().Forget();
    const Load load = UsersLoad(users);
    ours().Round(load);
    ours().Forget();
    ours().Round(load);
    std::printf("%3d users a call: %9.0f calls/s %10.0f users/s  p99 %.2f ms\n",
                users, ours().speeds.front(), users * ours().speeds.front(),
                ours().p99_ms.front());
  }
}

// What the choice of our kind of server can be judged by.
TEST_F(ServingBenchmark, ComparesTheKindsOfServerThatGrpcOffers) {
  for (const char* kind : {"callback", "async", "sync"}) StartEcho(kind);
  Compete(rows_, kRoundsOfKinds, {&echo(0), &echo(1), &echo(2)});
}

}  // namespace
}  // namespace tenuto
