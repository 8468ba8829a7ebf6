// How fast the forest engines are beside XGBoost's own predictor: both score
// the same rows in turn, so that what else the machine does falls on both. A
// margin that differs in one bit fails the benchmark; a slow one does not.
#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "features/base/clock.h"
#include "gtest/gtest.h"
#include "model/booster.h"
#include "model/forest/compiled_forest.h"
#include "model/forest/forest_json.h"
#include "tests/support/random_forest.h"

namespace tenuto {
namespace {

constexpr int kRows = 4'096;
constexpr int kRounds = 9;

double Seconds(const std::function<void()>& work) {
  const absl::Time begin = Clock::Real().Now();
  work();
  return absl::ToDoubleSeconds(Clock::Real().Now() - begin);
}

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2,
                   values.end());
  return values[values.size() / 2];
}

struct Setting {
  const char* name;
  int depth;
  int columns;
  double missing_share;
};

// One forest, its rows, and both predictors.
class Contest {
 public:
  explicit Contest(const Setting& setting) : columns_(setting.columns) {
    RandomForestShape shape;
    shape.trees = 500;
    shape.columns = setting.columns;
    shape.depth_max = setting.depth;
    shape.thresholds_per_column = 200;
    shape.leaf_share = 0;
    shape.odd_thresholds = false;
    json_ = ForestJson(RandomForest(shape, 1));
    forest_ = *ReadForestJson(json_, columns_);
    booster_.emplace(*Booster::Load(json_, columns_));
    rows_ = RandomRows(forest_, kRows, setting.missing_share, 2);
    expected_.resize(kRows);
    EXPECT_TRUE(booster_->PredictMargins(rows_, Span(expected_)).ok());
  }

  // Nanoseconds a row for each batch, the median over rounds in which XGBoost
  // and every engine take turns. Rows rotate.
  void Run(CpuLevel cpu, const std::vector<ForestEngine>& engines) {
    const CompiledForest compiled =
        *CompiledForest::Compile({&forest_, 1}, cpu);
    std::vector<std::byte> scratch(compiled.ScratchBytes());
    std::printf("%8s %12s", "batch", "XGBoost ns");
    for (const ForestEngine engine : engines) {
      std::printf(" | %18s ns    x", std::string(EngineName(engine)).c_str());
    }
    std::printf(" |        chosen ns    x\n");
    for (const int batch : {1, 8, 32, 64, 128, 512, 4'096}) {
      std::vector<std::vector<double>> times(engines.size() + 2);
      for (int round = 0; round < kRounds; ++round) {
        times[0].push_back(TimeOf(batch, [&](auto rows, auto margins) {
          return booster_->PredictMargins(rows, margins);
        }));
        for (std::size_t e = 0; e < engines.size(); ++e) {
          times[e + 1].push_back(TimeOf(batch, [&](auto rows, auto margins) {
            return compiled.PredictMarginsWith(engines[e], rows, margins,
                                               Span(scratch));
          }));
        }
        times.back().push_back(TimeOf(batch, [&](auto rows, auto margins) {
          return compiled.PredictMargins(rows, margins, Span(scratch));
        }));
      }
      const double xgboost = Median(times[0]);
      std::printf("%8d %12.0f", batch, xgboost);
      for (std::size_t e = 0; e < engines.size(); ++e) {
        const double engine = Median(times[e + 1]);
        std::printf(" | %18.0f %7.1f", engine, xgboost / engine);
      }
      const double chosen = Median(times.back());
      std::printf(" | %13.0f %7.1f\n", chosen, xgboost / chosen);
    }
  }

  void PrintCompiling() {
    Forest forest;
    std::vector<double> reads, compiles;
    for (int round = 0; round < 5; ++round) {
      reads.push_back(
          Seconds([&] { forest = *ReadForestJson(json_, columns_); }));
      compiles.push_back(Seconds([&] {
        EXPECT_TRUE(CompiledForest::Compile({&forest, 1}).ok());
      }));
    }
    const CompiledForest compiled = *CompiledForest::Compile({&forest, 1});
    const auto splits = static_cast<double>(CountSplits({&forest, 1}));
    std::printf(
        "%.0f splits, %zu coded columns: read %.1f ms, compiled %.1f ms, "
        "%.1f bytes a split, scratch %.2f MiB\n",
        splits, compiled.shape().columns, 1e3 * Median(reads),
        1e3 * Median(compiles),
        static_cast<double>(compiled.size_bytes()) / splits,
        static_cast<double>(compiled.ScratchBytes()) / (1 << 20));
  }

 private:
  template <class T>
  static absl::Span<T> Span(std::vector<T>& values) {
    return absl::MakeSpan(values);
  }

  template <class Predict>
  double TimeOf(int batch, const Predict& predict) {
    // Enough rows for the clock, each batch from another place.
    const int total = batch == 1 ? 1'024 : kRows;
    const auto width = static_cast<std::size_t>(columns_);
    const absl::Span<const float> rows = rows_;
    std::vector<float> margins(static_cast<std::size_t>(total));
    absl::Status status;
    const double seconds = Seconds([&] {
      for (std::size_t first = 0; first < margins.size();) {
        const auto count = static_cast<std::size_t>(batch);
        status.Update(predict(rows.subspan(first * width, count * width),
                              Span(margins).subspan(first, count)));
        first += count;
      }
    });
    EXPECT_TRUE(status.ok()) << status;
    for (std::size_t r = 0; r < margins.size(); ++r) {
      EXPECT_EQ(std::bit_cast<std::uint32_t>(margins[r]),
                std::bit_cast<std::uint32_t>(expected_[r]))
          << "row " << r;
    }
    return 1e9 * seconds / total;
  }

  int columns_;
  std::string json_;
  Forest forest_;
  std::optional<Booster> booster_;
  std::vector<float> rows_;
  std::vector<float> expected_;
};

TEST(ForestBenchmark, ScoresRowsBesideXgboost) {
  const CpuLevel cpu = DetectCpu();
  for (const Setting& setting :
       {Setting{"depth 6, 170 columns, 8 % missing", 6, 170, 0.08},
        {"depth 6, 128 columns, 8 % missing", 6, 128, 0.08},
        {"depth 6, 170 columns, nothing missing", 6, 170, 0},
        {"depth 8, 170 columns, 8 % missing", 8, 170, 0.08},
        {"depth 2, 170 columns, 8 % missing", 2, 170, 0.08}}) {
    std::printf("\n== 500 trees, %s ==\n", setting.name);
    Contest contest(setting);
    contest.PrintCompiling();
    if (cpu == CpuLevel::kAvx512) {
      contest.Run(cpu, {ForestEngine::kFat, ForestEngine::kSliced512});
    }
    if (cpu != CpuLevel::kPortable && setting.columns == 170) {
      std::printf("with AVX2 only:\n");
      contest.Run(CpuLevel::kAvx2,
                  {ForestEngine::kFlat, ForestEngine::kSliced256});
    }
  }
}

}  // namespace
}  // namespace tenuto
