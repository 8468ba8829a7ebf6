// How fast a real server scores for a client that never waits, beside what the
// same calls cost in gRPC alone: an echo of the same kind of server, with the
// same messages. Servers have one core, the client the other; server and echo
// take turns.
#include <unistd.h>

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
// Short, so that some have the machine for themselves; and at most so many.
constexpr absl::Duration kRound = absl::Milliseconds(100);
constexpr std::size_t kTurns = 40;
constexpr std::size_t kTurnsMax = 100;
// A server that used less of its core was held back by others, and a client
// that waited for less of the time held back its server.
constexpr double kBusyShare = 0.93;
constexpr double kWaitedShare = 0.05;
constexpr absl::Duration kOpenWindow = absl::Milliseconds(250);
constexpr int kOpenWindows = 32;
// What is asked of calls that arrive evenly, at this share of the peak.
constexpr double kOpenLoopShare = 0.6;
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

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// What a round of calls gave.
struct Round {
  LoadResult result;
  double cpu_us = 0;        // Of the server, a call.
  bool is_limited = false;  // By the server, and it had its core for itself.
};

// A server under load, and the rounds that count.
struct Contestant {
  Contestant(std::string its_name, pid_t its_process,
             const std::string& address)
      : name(std::move(its_name)), process(its_process), client(address) {}

  Round Run(const Load& load) {
    const double before = CpuSecondsOf(process);
    Round round{client.Closed(load, kInFlight, kRound)};
    const double cpu_seconds = CpuSecondsOf(process) - before;
    EXPECT_EQ(round.result.failures, 0) << name;
    round.cpu_us =
        1e6 * cpu_seconds / static_cast<double>(round.result.latencies.size());
    round.is_limited =
        cpu_seconds >= kBusyShare * absl::ToDoubleSeconds(round.result.took) &&
        round.result.waited >= kWaitedShare * round.result.took;
    return round;
  }

  const std::string name;
  const pid_t process;
  LoadClient client;
  std::vector<double> speeds, p99_ms, cpu_us;  // A turn each.
};

// The contestants in turn until enough turns count: those in which each of them
// was what limited the client. False, with what all turns gave, when others
// left the machine alone too seldom for that.
bool Compete(const Load& load, const std::vector<Contestant*>& contestants) {
  std::vector<std::vector<Round>> quiet, all;
  for (Contestant* contestant : contestants) contestant->Run(load);  // Warm up.
  while (all.size() < kTurnsMax && quiet.size() < kTurns) {
    std::vector<Round>& turn = all.emplace_back();
    for (Contestant* contestant : contestants) {
      turn.push_back(contestant->Run(load));
    }
    if (std::all_of(turn.begin(), turn.end(),
                    [](const Round& round) { return round.is_limited; })) {
      quiet.push_back(turn);
    }
  }
  std::printf("%s, %zu turns, %zu of them without others on the cores\n",
              load.method.c_str(), all.size(), quiet.size());
  std::printf("%-24s %10s %19s %8s %8s\n", "", "calls/s", "least to most",
              "p99 ms", "CPU us");
  const bool enough = quiet.size() == kTurns;
  for (std::size_t k = 0; k < contestants.size(); ++k) {
    Contestant& contestant = *contestants[k];
    contestant.speeds.clear();
    contestant.p99_ms.clear();
    contestant.cpu_us.clear();
    for (const std::vector<Round>& turn : enough ? quiet : all) {
      contestant.speeds.push_back(turn[k].result.calls_per_s());
      contestant.p99_ms.push_back(turn[k].result.Milliseconds(0.99));
      contestant.cpu_us.push_back(turn[k].cpu_us);
    }
    const auto [least, most] =
        std::minmax_element(contestant.speeds.begin(), contestant.speeds.end());
    std::printf("%-24s %10.0f %9.0f %9.0f %8.2f %8.1f\n",
                contestant.name.c_str(), Median(contestant.speeds), *least,
                *most, Median(contestant.p99_ms), Median(contestant.cpu_us));
  }
  return enough;
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
  void StartEcho(const std::string& kind,
                 const std::string& settings = "plain") {
    PinThisProcess(kServerCore);
    Echo& echo = echoes_.emplace_back();
    echo.process = std::make_unique<ChildProcess>(std::vector<std::string>{
        BuiltProgram(settings == "plain" ? "tests/echo_server"
                                         : "tests/echo_server_as_ours"),
        kind, settings,
        folder_.folder.Write("rows", ours().client.AnswerTo(rows_)).string(),
        folder_.folder.Write("users", ours().client.AnswerTo(users_))
            .string()});
    const auto address = echo.process->ReadAfter("listening on ");
    PinThisProcess(kClientCore);
    ASSERT_TRUE(address.has_value()) << echo.process->errors();
    echo.contestant = std::make_unique<Contestant>(
        absl::StrCat("echo, ", kind, settings == "plain" ? "" : ", as ours"),
        echo.process->pid(), *address);
  }
  Contestant& echo(std::size_t k) { return *echoes_[k].contestant; }
  Contestant& ours() {
    if (ours_ == nullptr) {
      ours_ = std::make_unique<Contestant>("tenuto-server", server_->pid(),
                                           server_->address());
    }
    return *ours_;
  }

  // Beside the first echo, gRPC as it starts, which is the floor; in the note
  // beside the second, which is linked and set as our server is.
  // Where others held servers and client back, a ratio of calls would say who
  // was held back more. The ratio of CPU time a call is what it would have
  // been, for servers that wait for nothing.
  void CompareWithEcho(const char* key, const Load& load) {
    const bool quiet = Compete(load, {&echo(0), &echo(1), &ours()});
    // Turn by turn, as the machine is now faster, now slower.
    const auto ratio_to = [&](const Contestant& echo) {
      std::vector<double> ratios;
      for (std::size_t k = 0; k < ours().speeds.size(); ++k) {
        ratios.push_back(quiet ? ours().speeds[k] / echo.speeds[k]
                               : echo.cpu_us[k] / ours().cpu_us[k]);
      }
      return Median(ratios);
    };
    ReportFigure(
        key, {.measured = ratio_to(echo(0)),
              .note = absl::StrFormat(
                  "%s%.2f of an echo made as ours is; CPU %.1f us a call, "
                  "echoes %.1f and %.1f",
                  quiet ? "" : "others used the cores; by CPU time: ",
                  ratio_to(echo(1)), Median(ours().cpu_us),
                  Median(echo(0).cpu_us), Median(echo(1).cpu_us))});
  }

  // Even arrivals without a pause, at a share of the peak that the last rounds
  // showed; to the echoes as well: what an echo's calls take is gRPC's, the
  // client's and the machine's. The middle one of the p99 of every quarter
  // second, as a machine that stops a core for 5 ms spoils that of the whole,
  // which is in the note.
  Figure OpenLoop(const Load& load) {
    const double rate = kOpenLoopShare * Median(ours().speeds);
    std::printf("%s, %.0f calls/s due, %.0f %% of the peak, for %.0f s\n",
                load.method.c_str(), rate, 100 * kOpenLoopShare,
                absl::ToDoubleSeconds(kOpenWindows * kOpenWindow));
    Figure figure;
    for (Contestant* side : {&echo(0), &echo(1), &ours()}) {
      LoadResult whole;
      std::vector<double> p99_ms;
      for (const LoadResult& window :
           side->client.OpenByWindow(load, rate, kOpenWindow, kOpenWindows)) {
        EXPECT_EQ(window.failures, 0) << side->name;
        p99_ms.push_back(window.Milliseconds(0.99));
        whole.Merge(window);
      }
      figure.measured = Median(p99_ms);
      std::printf(
          "%-24s p50 %6.3f ms  p99 %6.3f ms, of the whole %7.3f ms  slowest "
          "%6.1f ms\n",
          side->name.c_str(), whole.Milliseconds(0.5), *figure.measured,
          whole.Milliseconds(0.99), whole.Milliseconds(1));
      absl::StrAppendFormat(
          &figure.note, "%s %.2f",
          figure.note.empty() ? "of the whole 8 s: echoes" : ",",
          whole.Milliseconds(0.99));
    }
    return figure;
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
  StartEcho("async");
  StartEcho("async", "ours");
  CompareWithEcho("serving.score_rows_vs_echo", rows_);
  OpenLoop(rows_);
  CompareWithEcho("serving.score_users_vs_echo", users_);
  ReportFigure("serving.score_users_p99_ms", OpenLoop(users_));
}

TEST_F(ServingBenchmark, ScoresManyUsersACall) {
  for (const int users : {1, 10, 50}) {
    const Load load = UsersLoad(users);
    ours().Run(load);  // Warms up.
    LoadResult result;
    for (int k = 0; k < 20; ++k) result.Merge(ours().Run(load).result);
    std::printf("%3d users a call: %9.0f calls/s %10.0f users/s  p99 %.2f ms\n",
                users, result.calls_per_s(), users * result.calls_per_s(),
                result.Milliseconds(0.99));
  }
}

// What the choice of our kind of server can be judged by.
TEST_F(ServingBenchmark, ComparesTheKindsOfServerThatGrpcOffers) {
  for (const char* kind : {"callback", "async", "sync"}) StartEcho(kind);
  for (const char* kind : {"callback", "async"}) StartEcho(kind, "ours");
  Compete(rows_, {&echo(0), &echo(1), &echo(2), &echo(3), &echo(4)});
}

}  // namespace
}  // namespace tenuto
