// Speed of the core on one thread: fold, state bytes, rows.
#include <cstdint>
#include <string>
#include <vector>

#include "benchmark/benchmark.h"
#include "features/catalogue.h"
#include "features/feature_plan.h"
#include "features/log_record.h"
#include "features/signal_fold.h"
#include "features/user_state.h"
#include "tests/support/random_events.h"

namespace tenuto::testing {
namespace {

constexpr std::int64_t kStartUs = 1'700'006'400'000'000;
constexpr int kDays = 90;
constexpr int kUsers = 200;
constexpr int kEventsOfUser = 300;

const SignalFold& Fold() {
  static const auto* const fold = new SignalFold(Catalogue::Embedded());
  return *fold;
}

// Lives of users; each has half of its events from playing.
const std::vector<std::vector<GatedEvent>>& Lives() {
  static const auto* const lives = [] {
    auto* all = new std::vector<std::vector<GatedEvent>>;
    RandomEvents random(91, kStartUs, kDays);
    for (int user = 0; user < kUsers; ++user) {
      all->push_back(random.Life(TestUser(user), kEventsOfUser));
    }
    return all;
  }();
  return *lives;
}

const std::vector<std::string>& States() {
  static const auto* const states = [] {
    auto* all = new std::vector<std::string>;
    UserState state(Fold().layout());
    EventView view;
    for (const auto& life : Lives()) {
      state.Clear();
      std::uint64_t position = 0;
      for (const GatedEvent& event : life) {
        if (view.Parse(event.event)) Fold().Apply(view, ++position, state);
      }
      state.Encode(all->emplace_back());
    }
    return all;
  }();
  return *states;
}

void CountStateBytes(benchmark::State& run) {
  double bytes = 0;
  for (const std::string& state : States()) {
    bytes += static_cast<double>(state.size());
  }
  run.counters["state_bytes"] = bytes / static_cast<double>(States().size());
}

// Parse and fold a user's events into one decoded state.
void FoldEvents(benchmark::State& run) {
  UserState state(Fold().layout());
  EventView view;
  std::size_t user = 0;
  for (auto _ : run) {
    state.Clear();
    std::uint64_t position = 0;
    for (const GatedEvent& event : Lives()[user]) {
      if (view.Parse(event.event)) Fold().Apply(view, ++position, state);
    }
    benchmark::DoNotOptimize(state.newest_day);
    user = (user + 1) % Lives().size();
  }
  run.SetItemsProcessed(run.iterations() * kEventsOfUser);
}
BENCHMARK(FoldEvents);

// As a live commit does it: decode, fold one event, encode.
void FoldOneEventThroughBytes(benchmark::State& run) {
  UserState state(Fold().layout());
  EventView view;
  std::string bytes;
  std::size_t user = 0;
  for (auto _ : run) {
    if (!state.Decode(States()[user]).ok()) run.SkipWithError("no state");
    if (view.Parse(Lives()[user][0].event)) Fold().Apply(view, 1, state);
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
  const absl::Time as_of =
      absl::FromUnixMicros(kStartUs + kDays * kDayUs + kDayUs / 3);
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
BENCHMARK(AssembleRow);

void WriteAndVisitLogRecord(benchmark::State& run) {
  std::vector<int> accepted;
  for (int k = 0; k < kEventsOfUser; ++k) accepted.push_back(k);
  std::string record;
  for (auto _ : run) {
    record.clear();
    AppendLogRecord(Lives()[0], accepted, record);
    std::size_t bytes = 0;
    VisitLogRecord(record, 1, [&](const LoggedEvent& event) {
      bytes += event.event.size();
      return true;
    });
    benchmark::DoNotOptimize(bytes);
  }
  run.SetItemsProcessed(run.iterations() * kEventsOfUser);
}
BENCHMARK(WriteAndVisitLogRecord);

}  // namespace
}  // namespace tenuto::testing

BENCHMARK_MAIN();
