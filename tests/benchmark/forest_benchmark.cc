// How fast the forest engines are beside XGBoost's own predictor: both score
// the same rows in turn, each on the one thread that calls it. Times are that
// thread's CPU time: on a busy machine a wall clock counts against XGBoost,
// whose pass is long enough to be interrupted, what it spares our short one. A
// margin that differs in one bit fails the benchmark; a slow one does not.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "features/base/clock.h"
#include "features/catalogue.h"
#include "gtest/gtest.h"
#include "model/booster.h"
#include "model/forest/compiled_forest.h"
#include "model/forest/forest_json.h"
#include "model/forest/path_forest.h"
#include "model/model_bundle.h"
#include "tests/benchmark/serving_bundles.h"
#include "tests/benchmark/targets.h"
#include "tests/support/random_forest.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

constexpr int kRows = 4'096;
constexpr int kRounds = 7;
constexpr std::size_t kExplained = 300;
constexpr int kBatches[] = {1, 8, 64, 512, 4'096};

// Of CPU that this thread has used.
double ThreadSeconds() {
  timespec now{};
  EXPECT_EQ(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now), 0);
  return static_cast<double>(now.tv_sec) +
         1e-9 * static_cast<double>(now.tv_nsec);
}

double Seconds(const std::function<void()>& work) {
  const double begin = ThreadSeconds();
  work();
  return ThreadSeconds() - begin;
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

  // Prints nanoseconds a row for each batch: medians over rounds in which
  // XGBoost and the engines, one for few rows and one for many, take turns; and
  // how many rows make a pass of the second worth it. Rows rotate.
  void Run(CpuLevel cpu, ForestEngine few, ForestEngine many) {
    const CompiledForest compiled =
        *CompiledForest::Compile({&forest_, 1}, cpu);
    std::vector<std::byte> scratch(compiled.ScratchBytes());
    const auto with = [&](ForestEngine engine) {
      return
          [&, engine](absl::Span<const float> rows, absl::Span<float> margins) {
            return compiled.PredictMarginsWith(engine, rows, margins,
                                               Span(scratch));
          };
    };
    const std::vector<
        std::function<absl::Status(absl::Span<const float>, absl::Span<float>)>>
        predictors = {[&](auto rows, auto margins) {
                        return booster_->PredictMargins(rows, margins);
                      },
                      with(few), with(many),
                      [&](auto rows, auto margins) {
                        return compiled.PredictMargins(rows, margins,
                                                       Span(scratch));
                      }};
    std::printf("%6s %16s %24s %24s %24s\n", "batch", "XGBoost",
                std::string(EngineName(few)).c_str(),
                std::string(EngineName(many)).c_str(), "as chosen");
    double few_ns = 0;
    double many_ns = 0;
    for (const int batch : kBatches) {
      std::vector<std::vector<double>> times(predictors.size());
      for (int round = 0; round < kRounds; ++round) {
        for (std::size_t p = 0; p < predictors.size(); ++p) {
          times[p].push_back(TimeOf(batch, predictors[p]));
        }
      }
      const double xgboost = Median(times[0]);
      few_ns = Median(times[1]);
      many_ns = Median(times[2]);
      ratios_[{cpu, batch}] = xgboost / Median(times[3]);
      std::printf("%6d %13.0f ns", batch, xgboost);
      for (std::size_t p = 1; p < predictors.size(); ++p) {
        const double ns = Median(times[p]);
        std::printf("  %10.0f ns %6.1f x", ns, xgboost / ns);
      }
      std::printf("\n");
    }
    const int pass = many == ForestEngine::kSliced512 ? 512 : 256;
    std::printf("rows where a pass pays: %.0f\n", pass * many_ns / few_ns);
  }

  // Of XGBoost's time, with the engine that is chosen.
  double ratio(CpuLevel cpu, int batch) const {
    return ratios_.at({cpu, batch});
  }

  // Microseconds a row, and how many times faster than XGBoost's.
  double Explain() {
    const PathForest paths = *PathForest::Compile(forest_);
    const auto width = static_cast<std::size_t>(columns_);
    std::vector<float> found(width + 1), expected(width + 1);
    std::vector<double> ours, xgboosts;
    double apart = 0;
    for (std::size_t r = 0; r < kExplained; ++r) {
      std::vector<float> row(rows_.begin() + static_cast<int>(r * width),
                             rows_.begin() + static_cast<int>((r + 1) * width));
      for (float& cell : row) {  // XGBoost explains no infinities.
        if (std::isinf(cell)) cell = std::copysign(1e30f, cell);
      }
      ours.push_back(Seconds(
          [&] { EXPECT_TRUE(paths.Contributions(row, Span(found)).ok()); }));
      xgboosts.push_back(Seconds([&] {
        EXPECT_TRUE(booster_->Contributions(row, Span(expected)).ok());
      }));
      for (std::size_t c = 0; c <= width; ++c) {
        apart = std::max(apart, std::abs(static_cast<double>(found[c]) -
                                         static_cast<double>(expected[c])));
      }
    }
    EXPECT_LE(apart, 1e-5);
    const double ratio = Median(xgboosts) / Median(ours);
    std::sort(ours.begin(), ours.end());
    contributions_ = {
        .measured = 1e6 * ours[ours.size() * 99 / 100],
        .holds = ratio > 1,
        .note = absl::StrFormat("median %.0f us, %.1f times XGBoost",
                                1e6 * Median(ours), ratio)};
    std::printf(
        "contributions: median %.3f ms, p99 %.3f ms, XGBoost %.3f ms; at most "
        "%.1e apart; %.1f MiB\n",
        1e3 * Median(ours), 1e3 * ours[ours.size() * 99 / 100],
        1e3 * Median(xgboosts), apart,
        static_cast<double>(paths.size_bytes()) / (1 << 20));
    return ratio;
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
    compile_ = {.measured = 1e3 * Median(compiles),
                .note = absl::StrFormat("%.0f splits", splits)};
    size_ = {.measured = static_cast<double>(compiled.size_bytes()) / splits,
             .holds = compiled.ScratchBytes() <= std::size_t{2} << 20,
             .note = absl::StrFormat(
                 "%.2f MiB in all, scratch %.2f MiB",
                 static_cast<double>(compiled.size_bytes()) / (1 << 20),
                 static_cast<double>(compiled.ScratchBytes()) / (1 << 20))};
  }

  // What PrintCompiling() and Explain() found.
  void ReportModel() const {
    ReportFigure("model.compile_ms", compile_);
    ReportFigure("model.bytes_per_split", size_);
    ReportFigure("model.contributions_p99_us", contributions_);
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
  std::map<std::pair<CpuLevel, int>, double> ratios_;
  Figure compile_, size_, contributions_;
  std::vector<float> rows_;
  std::vector<float> expected_;
};

void Report(CpuLevel cpu, const std::map<std::string, Contest>& contests) {
  const auto report = [&](const char* key, const char* setting, CpuLevel with,
                          int batch) {
    if (cpu == CpuLevel::kPortable) {
      ReportFigure(key, {.note = "this processor has no AVX2"});
      return;
    }
    ReportFigure(key, {.measured = contests.at(setting).ratio(with, batch),
                       .note = with == CpuLevel::kAvx512 ? "with AVX-512"
                                                         : "with AVX2"});
  };
  const char* const usual = "depth 6, 128 columns, 8 % missing";
  report("forest.single_row_vs_xgboost", usual, cpu, 1);
  report("forest.batch_4096_vs_xgboost", usual, cpu, 4'096);
  report("forest.batch_4096_dense_vs_xgboost",
         "depth 6, 128 columns, nothing missing", cpu, 4'096);
  report("forest.batch_4096_avx2_vs_xgboost", usual, CpuLevel::kAvx2, 4'096);
  report("forest.batch_d8_vs_xgboost", "depth 8, 128 columns, 8 % missing", cpu,
         4'096);
  contests.at(usual).ReportModel();
}

TEST(ForestBenchmark, ScoresRowsBesideXgboost) {
  const CpuLevel cpu = DetectCpu();
  std::map<std::string, Contest> contests;
  std::map<std::string, double> explained;
  for (const Setting& setting :
       {Setting{"depth 6, 128 columns, 8 % missing", 6, 128, 0.08},
        {"depth 6, 170 columns, 8 % missing", 6, 170, 0.08},
        {"depth 6, 128 columns, nothing missing", 6, 128, 0},
        {"depth 8, 128 columns, 8 % missing", 8, 128, 0.08},
        {"depth 2, 170 columns, 8 % missing", 2, 170, 0.08}}) {
    std::printf("\n500 trees, %s\n", setting.name);
    Contest& contest =
        contests.try_emplace(setting.name, setting).first->second;
    contest.PrintCompiling();
    explained[setting.name] = contest.Explain();
    if (cpu == CpuLevel::kAvx512) {
      contest.Run(cpu, ForestEngine::kFat, ForestEngine::kSliced512);
    }
    if (cpu != CpuLevel::kPortable) {
      std::printf("with AVX2 only\n");
      contest.Run(CpuLevel::kAvx2, ForestEngine::kFlat,
                  ForestEngine::kSliced256);
    }
  }
  std::printf("\ncontributions, depth 6, 170 columns: %.1f times XGBoost\n",
              explained.at("depth 6, 170 columns, 8 % missing"));
  Report(cpu, contests);
}

// Until the first request would be answered.
TEST(ForestBenchmark, LoadsABundleOfFiveHundredTrees) {
  const TempFolder folder;
  WriteServingBundles(folder.path());
  std::vector<double> seconds;
  for (int round = 0; round < kRounds; ++round) {
    const absl::Time begin = Clock::Real().Now();
    const auto bundle = ModelBundle::Open(folder.path() / kRowsModel / "1",
                                          Catalogue::Embedded());
    ASSERT_TRUE(bundle.ok()) << bundle.status();
    const std::vector<float> row(kRowsColumns);
    Score score;
    ASSERT_TRUE((*bundle)->ScoreRows(row, absl::MakeSpan(&score, 1)).ok());
    seconds.push_back(absl::ToDoubleSeconds(Clock::Real().Now() - begin));
  }
  ReportFigure("model.load_ms", {.measured = 1e3 * Median(seconds),
                                 .note = "ModelBundle::Open and one row"});
}

}  // namespace
}  // namespace tenuto
