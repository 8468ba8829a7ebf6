// What it costs to score everybody in a ledger, beside what reading their
// states alone costs: passes over the same ledger take turns, so that what else
// the machine does falls on all. TENUTO_SCORE_LEDGER names a ledger to take
// instead of a world of TENUTO_SCORE_USERS.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/base/clock.h"
#include "features/catalogue.h"
#include "features/feature_plan.h"
#include "features/rocks_ledger.h"
#include "gtest/gtest.h"
#include "model/model_bundle.h"
#include "model/model_registry.h"
#include "tests/support/forest_bundle.h"
#include "tests/support/temp_folder.h"
#include "training/peak_memory.h"
#include "training/replayer.h"
#include "training/score_everyone.h"
#include "training/score_file.h"
#include "training/world/generate.h"
#include "xxhash.h"

namespace tenuto {
namespace {

constexpr int kRounds = 5;
constexpr int kWorldDays = 20;

std::string Environment(const char* name, const std::string& otherwise) {
  const char* const value = std::getenv(name);
  return value == nullptr ? otherwise : value;
}

struct Cost {
  double seconds = 0;
  double cpu_seconds = 0;
};

// One way over the ledger, in rounds.
struct Pass {
  std::string name;
  std::function<void()> run;
  std::vector<Cost> costs = {};

  void Time() {
    const absl::Time start = Clock::Real().Now();
    const std::clock_t cpu = std::clock();
    run();
    costs.push_back({absl::ToDoubleSeconds(Clock::Real().Now() - start),
                     static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC});
  }
  double Median(double Cost::*of) const {
    std::vector<double> values;
    for (const Cost& cost : costs) values.push_back(cost.*of);
    std::nth_element(values.begin(), values.begin() + kRounds / 2,
                     values.end());
    return values[kRounds / 2];
  }
};

class BatchBenchmark : public ::testing::Test {
 protected:
  BatchBenchmark() {
    const std::string made = Environment("TENUTO_SCORE_LEDGER", "");
    const std::filesystem::path directory =
        made.empty() ? folder_.path() / "ledger" : std::filesystem::path(made);
    if (made.empty()) MakeWorld(directory);
    const UserKeys keys = UserKeys::Open(directory / "user.key").value();
    auto ledger = OpenRocksLedger(
        {.directory = directory, .read_only = true, .clock = &Clock::Real()},
        catalogue_, keys);
    EXPECT_TRUE(ledger.ok()) << ledger.status();
    ledger_ = *std::move(ledger);
    WriteForestBundle(folder_.path() / "models", catalogue_, *ledger_,
                      {.trees = 500, .depth = 6});
    bundle_ = ModelBundle::Open(
                  FindChampion(folder_.path() / "models", "churn_14d").value(),
                  catalogue_)
                  .value();
    end_ = ledger_->Facts().history_end;
  }

  void MakeWorld(const std::filesystem::path& directory) const {
    std::filesystem::create_directories(directory);
    const UserKeys keys =
        UserKeys::OpenOrCreate(directory / "user.key").value();
    const auto ledger = OpenRocksLedger(
        {.directory = directory, .clock = &Clock::Real()}, catalogue_, keys);
    ASSERT_TRUE(ledger.ok()) << ledger.status();
    world::WorldOptions options;
    options.users = std::strtoll(
        Environment("TENUTO_SCORE_USERS", "50000").c_str(), nullptr, 10);
    options.days = kWorldDays;
    options.threads = 2;
    options.truth_every_days = 0;
    ASSERT_TRUE(world::GenerateWorld(options, folder_.path() / "truth.csv",
                                     keys, Clock::Real(), **ledger, [](int) {})
                    .ok());
  }

  // Every state, and `with` it.
  template <typename With>
  void ReadStates(With with) {
    users_ = 0;
    bytes_ = 0;
    for (int partition = 0; partition < kPartitions; ++partition) {
      ASSERT_TRUE(
          ledger_
              ->ScanStates(partition,
                           [&](const UserKey&, absl::string_view state) {
                             with(state);
                             ++users_;
                             bytes_ += static_cast<double>(state.size());
                             return true;
                           })
              .ok());
    }
  }
  Pass Reading() {
    return {"read the states", [this] {
              std::uint64_t hash = 0;
              ReadStates([&](absl::string_view state) {
                hash ^= XXH3_64bits(state.data(), state.size());
              });
              EXPECT_NE(hash, 0U);
            }};
  }
  Pass Assembling() {
    return {
        "... and make rows", [this] {
          std::vector<float> row(static_cast<std::size_t>(bundle_->width()));
          const ReadTime when{end_, ledger_->Facts().history_start};
          ReadStates([&](absl::string_view state) {
            EXPECT_TRUE(bundle_->plan()
                            ->Assemble(state, when, absl::MakeSpan(row))
                            .ok());
          });
        }};
  }
  Pass Scoring(int block_rows) {
    return {absl::StrCat("... and score, ", block_rows, " rows at once"),
            [this, block_rows] {
              const EveryoneScorer scorer(
                  *ledger_, *bundle_,
                  {.as_of = end_, .block_rows = block_rows});
              std::vector<EveryoneScore> scores;
              for (int partition = 0; partition < kPartitions; ++partition) {
                ASSERT_TRUE(scorer.ScorePartition(partition, scores).ok());
              }
            }};
  }
  Pass Writing(int threads) {
    return {absl::StrCat("the whole file, threads: ", threads),
            [this, threads] {
              const auto report =
                  WriteScoreFile(*ledger_, *bundle_,
                                 {.output = folder_.path() / "scores.csv",
                                  .as_of = end_,
                                  .erased = "nobody",
                                  .threads = threads},
                                 Clock::Real());
              ASSERT_TRUE(report.ok()) << report.status();
              EXPECT_EQ(report->users, users_);
            }};
  }

  const Catalogue& catalogue_ = Catalogue::Embedded();
  const TempFolder folder_;
  std::unique_ptr<Ledger> ledger_;
  std::shared_ptr<const ModelBundle> bundle_;
  absl::Time end_;
  std::int64_t users_ = 0;
  double bytes_ = 0;
};

TEST_F(BatchBenchmark, ScoresEverybodyBesideReadingTheirStates) {
  std::vector<Pass> passes = {Reading(),   Assembling(), Scoring(1),
                              Scoring(64), Scoring(512), Scoring(4'096),
                              Writing(1),  Writing(2)};
  for (int round = 0; round < kRounds; ++round) {
    for (Pass& pass : passes) pass.Time();
  }
  const auto users = static_cast<double>(users_);
  std::printf("%lld users of %.0f bytes, %d trees, %d columns\n",
              static_cast<long long>(users_), bytes_ / users, 500,
              bundle_->width());
  std::printf("%-36s %12s %16s %22s\n", "", "users/s", "users/CPU second",
              "reading alone's share");
  const double reading = passes[0].Median(&Cost::cpu_seconds);
  for (const Pass& pass : passes) {
    const double cpu = pass.Median(&Cost::cpu_seconds);
    std::printf("%-36s %12.0f %16.0f %20.1f %%\n", pass.name.c_str(),
                users / pass.Median(&Cost::seconds), users / cpu,
                100 * reading / cpu);
    EXPECT_GT(cpu, 0);
  }
  std::printf("peak memory %.0f MiB\n",
              static_cast<double>(PeakMemoryBytes()) / (1 << 20));
}

}  // namespace
}  // namespace tenuto
