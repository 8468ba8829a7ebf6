// What scoring one user costs without a transport, step by step and as a whole:
// a RocksDB on the disk, its blocks in memory, a forest of 500 trees over all
// features. The first argument is how many users there are; the second is one
// where one in ten of them was written to since the ledger was opened.
#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "benchmark/benchmark.h"
#include "features/base/clock.h"
#include "features/base/log.h"
#include "features/catalogue.h"
#include "features/record_log.h"
#include "features/rocks_ledger.h"
#include "model/model_registry.h"
#include "server/metrics.h"
#include "server/user_scorer.h"
#include "tests/benchmark/serving_bundles.h"
#include "tests/support/random_events.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

constexpr int kLives = 2'000;
constexpr int kEventsPerUser = 60;
constexpr int kDays = 120;

template <typename T>
T Must(absl::StatusOr<T> made) {
  TENUTO_CHECK(made.ok(), made.status().ToString());
  return std::move(made).value();
}

// The events of different lives; users are more and share them.
const std::vector<std::vector<GatedEvent>>& Lives() {
  static const auto* const lives = [] {
    auto* all = new std::vector<std::vector<GatedEvent>>;
    const absl::Time begin = Clock::Real().Now() - absl::Hours(24 * kDays);
    testing::RandomEvents random(1, absl::ToUnixMicros(begin), kDays);
    for (int k = 0; k < kLives; ++k) {
      all->push_back(random.Life(testing::TestUser(0), kEventsPerUser));
    }
    return all;
  }();
  return *lives;
}

// A server's parts that score users, and its users' names in a random order.
class Scorers {
 public:
  Scorers(int users, bool freshly_written) {
    for (int k = 0; k < users; ++k) {
      names_.push_back(absl::StrCat("listener-", k));
    }
    WriteServingBundles(folder_.path() / "models");
    Open();
    TakeIn(0, users, 1, kEventsPerUser - 1);
    Open();
    if (freshly_written) TakeIn(kEventsPerUser - 1, users, 10, 1);
    testing::Draws(2).Shuffle(names_);
    for (const std::string& name : names_) keys_.push_back(user_keys_.Of(name));
    const std::filesystem::path models = folder_.path() / "models";
    registry_ = std::make_unique<ModelRegistry>(models, Catalogue::Embedded());
    for (const auto& refused : registry_->Refresh()) {
      TENUTO_CHECK(false, refused.ToString());
    }
    records_ = Must(RecordLog::Open({.directory = folder_.path() / "records"}));
    scorer_ = std::make_unique<UserScorer>(
        UserScorer::Options{.clock = Clock::Real(),
                            .catalogue = Catalogue::Embedded(),
                            .ledger = *ledger_,
                            .registry = *registry_,
                            .records = *records_,
                            .default_model = "churn_14d",
                            .consent_defaults = {},
                            .recorded_row_share = 0.01});
  }

  static Scorers& Of(const benchmark::State& run) {
    static auto* const all = new std::map<std::pair<std::int64_t, std::int64_t>,
                                          std::unique_ptr<Scorers>>;
    auto& scorers = (*all)[{run.range(0), run.range(1)}];
    if (scorers == nullptr) {
      scorers = std::make_unique<Scorers>(static_cast<int>(run.range(0)),
                                          run.range(1) != 0);
    }
    return *scorers;
  }

  std::size_t Next() { return next_ = (next_ + 1) % names_.size(); }
  const std::string& name(std::size_t k) const { return names_[k]; }
  const UserKey& key(std::size_t k) const { return keys_[k]; }
  const UserKeys& user_keys() const { return user_keys_; }
  const Ledger& ledger() const { return *ledger_; }
  const UserScorer& scorer() const { return *scorer_; }

 private:
  void Open() {
    ledger_.reset();
    ledger_ = Must(OpenRocksLedger(
        {.directory = folder_.path() / "ledger", .clock = &Clock::Real()},
        Catalogue::Embedded(), user_keys_));
  }
  void TakeIn(int first, int users, int step, int count) {
    std::vector<GatedEvent> batch;
    std::uint64_t hash = 0;
    for (int k = 0; k < users; k += step) {
      const auto& life = Lives()[static_cast<std::size_t>(k) % kLives];
      for (int e = first; e < first + count; ++e) {
        batch.push_back(life[static_cast<std::size_t>(e)]);
        batch.back().user = user_keys_.Of(names_[static_cast<std::size_t>(k)]);
        batch.back().event_hash = ++hash << 8 | static_cast<unsigned>(first);
      }
      if (batch.size() < 5'000 && k + step < users) continue;
      Must(ledger_->Commit(batch));
      batch.clear();
    }
  }

  const TempFolder folder_;
  const UserKeys user_keys_ = UserKeys::FromSecret(std::string(32, 'k'));
  std::vector<std::string> names_;
  std::vector<UserKey> keys_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<ModelRegistry> registry_;
  std::unique_ptr<RecordLog> records_;
  std::unique_ptr<UserScorer> scorer_;
  std::size_t next_ = 0;
};

void Key(benchmark::State& run) {
  Scorers& scorers = Scorers::Of(run);
  for (auto _ : run) {
    benchmark::DoNotOptimize(
        scorers.user_keys().Of(scorers.name(scorers.Next())));
  }
}

void LoadState(benchmark::State& run) {
  Scorers& scorers = Scorers::Of(run);
  std::string state;
  double bytes = 0;
  for (auto _ : run) {
    if (!scorers.ledger().LoadState(scorers.key(scorers.Next()), state).ok()) {
      run.SkipWithError("no state");
    }
    bytes += static_cast<double>(state.size());
  }
  run.counters["state_bytes"] =
      benchmark::Counter(bytes, benchmark::Counter::kAvgIterations);
}

void LoadStateOfNobody(benchmark::State& run) {
  Scorers& scorers = Scorers::Of(run);
  std::string state;
  for (auto _ : run) {
    UserKey key = scorers.key(scorers.Next());
    key.bytes[15] ^= 1;
    benchmark::DoNotOptimize(scorers.ledger().LoadState(key, state));
  }
}

// States that lie in memory.
std::vector<std::string> LoadSome(Scorers& scorers) {
  std::vector<std::string> states(kLives);
  for (std::string& state : states) {
    const UserKey& key = scorers.key(scorers.Next());
    TENUTO_CHECK(scorers.ledger().LoadState(key, state).ok(), "no state");
  }
  return states;
}

void Assemble(benchmark::State& run) {
  Scorers& scorers = Scorers::Of(run);
  const std::vector<std::string> states = LoadSome(scorers);
  const auto bundle = Must(scorers.scorer().FindUserBundle(""));
  std::vector<float> row(static_cast<std::size_t>(bundle->width()));
  const absl::Time now = Clock::Real().Now();
  const ReadTime when{now, now - absl::Hours(24 * 200)};
  RowOwner owner;
  std::size_t at = 0;
  for (auto _ : run) {
    if (!bundle->plan()
             ->Assemble(states[at], when, absl::MakeSpan(row), &owner)
             .ok()) {
      run.SkipWithError("no state");
    }
    benchmark::DoNotOptimize(row.data());
    at = (at + 1) % states.size();
  }
}

void ScoreState(benchmark::State& run) {
  Scorers& scorers = Scorers::Of(run);
  const std::vector<std::string> states = LoadSome(scorers);
  const auto bundle = Must(scorers.scorer().FindUserBundle(""));
  std::vector<float> rows(states.size() *
                          static_cast<std::size_t>(bundle->width()));
  const absl::Time now = Clock::Real().Now();
  const ReadTime when{now, now - absl::Hours(24 * 200)};
  const auto row = [&](std::size_t k) {
    const auto width = static_cast<std::size_t>(bundle->width());
    return absl::MakeSpan(rows).subspan(k * width, width);
  };
  for (std::size_t k = 0; k < states.size(); ++k) {
    TENUTO_CHECK(bundle->plan()->Assemble(states[k], when, row(k)).ok(), "");
  }
  std::size_t at = 0;
  Score score;
  for (auto _ : run) {
    if (!bundle->ScoreRows(row(at), absl::MakeSpan(&score, 1)).ok()) {
      run.SkipWithError("no score");
    }
    benchmark::DoNotOptimize(score);
    at = (at + 1) % states.size();
  }
}

void Record(benchmark::State& run) {
  Scorers& scorers = Scorers::Of(run);
  const auto bundle = Must(scorers.scorer().FindUserBundle(""));
  const UserRows scored = Must(scorers.scorer().ScoreUsers(
      *bundle, absl::MakeConstSpan(&scorers.key(0), 1)));
  for (auto _ : run) scorers.scorer().Record(*bundle, scored);
}

// From the request to the response, but not its bytes.
void ScoreUsers(benchmark::State& run) {
  Scorers& scorers = Scorers::Of(run);
  Metrics metrics({"none"});
  UserRows scored;
  v1::ScoreUsersResponse response;
  std::vector<UserKey> users;
  for (auto _ : run) {
    users.assign(1, scorers.user_keys().Of(scorers.name(scorers.Next())));
    const auto bundle = Must(scorers.scorer().FindUserBundle("churn_14d"));
    if (!scorers.scorer().ScoreUsers(*bundle, users, scored).ok()) {
      run.SkipWithError("no score");
    }
    response.set_model(bundle->manifest().model());
    response.set_model_version(bundle->manifest().version());
    response.mutable_scores()->Swap(&scored.scores);
    metrics.CountScores(1);
    metrics.CountCall(RpcMethod::kScoreUsers, absl::StatusCode::kOk,
                      absl::Microseconds(100));
  }
}

BENCHMARK(Key)->Args({2'000, 0});
BENCHMARK(Assemble)->Args({2'000, 0});
BENCHMARK(ScoreState)->Args({2'000, 0});
BENCHMARK(Record)->Args({2'000, 0});
BENCHMARK(LoadStateOfNobody)->Args({60'000, 1});
BENCHMARK(LoadState)->ArgsProduct({{2'000, 60'000}, {0, 1}});
BENCHMARK(ScoreUsers)->ArgsProduct({{2'000, 60'000}, {0, 1}});

}  // namespace
}  // namespace tenuto

int main(int argc, char** argv) {
  // As the server does.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
