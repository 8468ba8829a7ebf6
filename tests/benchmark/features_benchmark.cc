// Speed of the core on one thread: fold, state bytes, rows.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "features/catalogue.h"
#include "features/feature_plan.h"
#include "features/signal_fold.h"
#include "features/user_state.h"
#include "tests/benchmark/corpus.h"
#include "tests/benchmark/targets.h"
#include "xxhash.h"

namespace tenuto::testing {
namespace {

constexpr int kRounds = 20;

const SignalFold& Fold() {
  static const auto* const fold = new SignalFold(Catalogue::Embedded());
  return *fold;
}

const std::vector<std::string>& States() { return BenchmarkCorpus().states; }

void CountStateBytes(benchmark::State& run) {
  double bytes = 0;
  for (const std::string& state : States()) {
    bytes += static_cast<double>(state.size());
  }
  run.counters["state_bytes"] = bytes / static_cast<double>(States().size());
}

// Parse and fold users' events into decoded states, one user after another.
void FoldEvents(benchmark::State& run) {
  UserState state(Fold().layout());
  EventView view;
  std::size_t user = 0;
  std::int64_t events = 0;
  for (auto _ : run) {
    const auto& life = BenchmarkCorpus().lives[user];
    state.Clear();
    std::uint64_t position = 0;
    for (const std::string& event : life) {
      if (view.Parse(event)) Fold().Apply(view, ++position, state);
    }
    benchmark::DoNotOptimize(state.newest_day);
    events += static_cast<std::int64_t>(life.size());
    user = (user + 1) % BenchmarkCorpus().lives.size();
  }
  run.SetItemsProcessed(events);
  run.SetLabel(BenchmarkCorpus().origin);
}
BENCHMARK(FoldEvents)->Repetitions(kRounds);

// As a live commit does it: decode, fold one event, encode.
void FoldOneEventThroughBytes(benchmark::State& run) {
  UserState state(Fold().layout());
  EventView view;
  std::string bytes;
  std::size_t user = 0;
  for (auto _ : run) {
    if (!state.Decode(States()[user]).ok()) run.SkipWithError("no state");
    if (view.Parse(BenchmarkCorpus().lives[user].back())) {
      Fold().Apply(view, 1, state);
    }
    state.Encode(bytes);
    benchmark::DoNotOptimize(bytes.data());
    user = (user + 1) % States().size();
  }
  run.SetItemsProcessed(run.iterations());
  CountStateBytes(run);
}
BENCHMARK(FoldOneEventThroughBytes);

void DecodeAndEncode(benchmark::State& run) {
  UserState state(Fold().layout());
  std::string bytes;
  std::size_t user = 0;
  for (auto _ : run) {
    if (!state.Decode(States()[user]).ok()) run.SkipWithError("no state");
    state.Encode(bytes);
    benchmark::DoNotOptimize(bytes.data());
    user = (user + 1) % States().size();
  }
  run.SetItemsProcessed(run.iterations());
  CountStateBytes(run);
}
BENCHMARK(DecodeAndEncode);

// Every feature of the catalogue from a state's bytes.
void AssembleRow(benchmark::State& run) {
  const FeaturePlan plan = FeaturePlan::CompileAll(Catalogue::Embedded());
  std::vector<float> row(static_cast<std::size_t>(plan.width()));
  // As if the history were long enough for every window.
  const absl::Time as_of = BenchmarkCorpus().history_end;
  const ReadTime when{as_of, as_of - absl::Hours(24 * 200)};
  std::size_t user = 0;
  for (auto _ : run) {
    if (!plan.Assemble(States()[user], when, absl::MakeSpan(row)).ok()) {
      run.SkipWithError("no state");
    }
    benchmark::DoNotOptimize(row.data());
    user = (user + 1) % States().size();
  }
  run.SetItemsProcessed(run.iterations());
  run.counters["columns"] = plan.width();
  CountStateBytes(run);
}
BENCHMARK(AssembleRow)->Repetitions(kRounds);

// The least that assembling could cost: every byte of the state read once.
void ReadStateBytes(benchmark::State& run) {
  std::size_t user = 0;
  for (auto _ : run) {
    benchmark::DoNotOptimize(
        XXH3_64bits(States()[user].data(), States()[user].size()));
    user = (user + 1) % States().size();
  }
  run.SetItemsProcessed(run.iterations());
}
BENCHMARK(ReadStateBytes);

// What the targets ask for, out of what the console shows. CPU time, and the
// best of several rounds: others on the machine slow memory and clock, and
// nothing speeds them up.
class Reporter final : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      if (run.error_occurred || run.run_type == Run::RT_Aggregate) continue;
      const double rate = run.counters.at("items_per_second");
      if (run.run_name.function_name == "FoldEvents") {
        folds_ = std::max(folds_, rate);
      } else if (run.run_name.function_name == "AssembleRow") {
        rows_ = std::max(rows_, rate);
      }
    }
  }
  void Finalize() override {
    const std::string note = absl::StrCat(BenchmarkCorpus().origin,
                                          ", the best of ", kRounds, " rounds");
    if (folds_ > 0) {
      ReportFigure("features.fold_events_per_second",
                   {.measured = folds_, .note = note});
    }
    if (rows_ > 0) {
      ReportFigure("features.assemble_us",
                   {.measured = 1e6 / rows_, .note = note});
    }
  }

 private:
  double folds_ = 0, rows_ = 0;  // A second.
};

}  // namespace
}  // namespace tenuto::testing

int main(int argc, char** argv) {
  tenuto::testing::BenchmarkCorpus();  // Its making is not what is measured.
  benchmark::Initialize(&argc, argv);
  tenuto::testing::Reporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
}
