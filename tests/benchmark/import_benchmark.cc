// How fast `tenuto import` is, beside the speed of only inflating and only
// parsing the same file in the same run: what is left is the price of keyed,
// checked, folded and durable events.
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "features/base/clock.h"
#include "features/catalogue.h"
#include "features/feature_plan.h"
#include "features/rocks_ledger.h"
#include "gtest/gtest.h"
#include "tests/benchmark/targets.h"
#include "tests/support/gzip_bytes.h"
#include "tests/support/temp_folder.h"
#include "training/importers/format.h"
#include "training/importers/import_run.h"
#include "training/labeler.h"
#include "training/ledger_rows.h"
#include "training/line_source.h"
#include "training/peak_memory.h"
#include "training/time_split.h"

namespace tenuto {
namespace {

constexpr int kGeneratedLines = 400'000;
// What import.vs_parse asks for beside its ratio.
constexpr double kEventsPerSecondMin = 200'000;

// Lines as long and as mixed as those of the real log.
std::string GeneratedLines() {
  std::mt19937 random(1);
  std::string text;
  for (int i = 0; i < kGeneratedLines; ++i) {
    const bool is_song = random() % 4 != 0;
    absl::StrAppend(
        &text, "{\"ts\":", 1'538'352'000'000 + std::int64_t{i} * 4000,
        ",\"userId\":\"", random() % 3000, "\",\"sessionId\":", random() % 999,
        ",\"page\":\"", is_song ? "NextSong" : "Home",
        "\",\"auth\":\"Logged In\",\"method\":\"PUT\",\"status\":200,"
        "\"level\":\"paid\",\"itemInSession\":",
        i % 80,
        ",\"location\":\"Houston, TX\",\"userAgent\":\"\\\"Mozilla/5.0 "
        "(Macintosh; Intel Mac OS X 10_9_4) AppleWebKit/537.77.4 (KHTML, like "
        "Gecko) Version/7.0.5 Safari/537.77.4\\\"\",\"lastName\":\"Doe\","
        "\"firstName\":\"Jo\",\"registration\":1380564000000,\"gender\":\"M\"");
    if (is_song) {
      absl::StrAppend(&text, ",\"artist\":\"Artist ", random() % 3000,
                      "\",\"song\":\"Song ", random() % 20'000,
                      "\",\"length\":", 120 + random() % 300, ".5");
    }
    text += "}\n";
  }
  return text;
}

// The real log where it lies on this machine, else a generated one.
std::filesystem::path File(const TempFolder& folder) {
  const char* const data = std::getenv("TENUTO_DATA_DIR");
  const std::filesystem::path real =
      std::filesystem::path(data != nullptr ? data : "../shared/data") /
      "eventsim_dev" / "events.jsonl.gz";
  if (std::filesystem::exists(real)) return real;
  return folder.Write("generated.jsonl.gz", GzipBytes(GeneratedLines()));
}

class ImportBenchmark : public testing::Test {
 protected:
  // CPU time, too, which other work on the machine does not touch.
  void Begin() {
    start_time_ = Clock::Real().Now();
    start_cpu_ = std::clock();
  }
  // Prints; lines a second.
  double Show(const char* what, std::int64_t lines) const {
    const double seconds =
        absl::ToDoubleSeconds(Clock::Real().Now() - start_time_);
    const double cpu_seconds =
        static_cast<double>(std::clock() - start_cpu_) / CLOCKS_PER_SEC;
    const double speed = static_cast<double>(lines) / seconds;
    std::printf("%-30s %9.0f lines/s  %6.2f s  %6.2f s of CPU\n", what, speed,
                seconds, cpu_seconds);
    return speed;
  }

  // Gives every line to `take`; their number.
  template <typename Take>
  std::int64_t ReadLines(Take take) const {
    const auto source = LineSource::Open(path_);
    EXPECT_TRUE(source.ok()) << source.status();
    Line line;
    while (*(*source)->Next(line)) take(line);
    return (*source)->line_number();
  }

  // What training does with the log, on one thread: every feature of every
  // paying user, every seventh day.
  void ReplayIntoRows(const Ledger& ledger) {
    const FeaturePlan plan = FeaturePlan::CompileAll(Catalogue::Embedded());
    const auto labeler = Labeler::Named("churn_by_choice");
    ASSERT_TRUE(labeler.ok()) << labeler.status();
    const LedgerFacts facts = ledger.Facts();
    RowSchedule schedule;
    schedule.horizon = absl::Hours(24);
    schedule.snapshots = PlanSnapshots(facts.history_start, absl::Hours(24 * 7),
                                       schedule.horizon, facts.history_end);
    Begin();
    const auto rows =
        BuildRows(ledger, plan, *labeler, schedule, 1, Clock::Real());
    ASSERT_TRUE(rows.ok()) << rows.status();
    Show("replay into rows, one thread", rows->events);
    std::printf("%-30s %9d rows, peak memory so far %lld MiB\n", "",
                rows->matrix.rows(),
                static_cast<long long>(PeakMemoryBytes() >> 20));
  }

  // A generated file is no log: easier to compress, and soon over.
  void Report(double imported_per_s, double parsed_per_s) const {
    const double ratio = imported_per_s / parsed_per_s;
    if (path_.parent_path() == folder_.path()) {
      ReportFigure("import.vs_parse",
                   {.note = absl::StrFormat("needs eventsim_dev; %.3f on a "
                                            "generated file",
                                            ratio)});
      return;
    }
    ReportFigure("import.vs_parse",
                 {.measured = ratio,
                  .holds = imported_per_s >= kEventsPerSecondMin,
                  .note = absl::StrFormat("%.0f events/s", imported_per_s)});
  }

  const TempFolder folder_;
  const std::filesystem::path path_ = File(folder_);

 private:
  absl::Time start_time_;
  std::clock_t start_cpu_ = 0;
};

TEST_F(ImportBenchmark, ImportsDurablyBesideInflatingAndParsingTheSameFile) {
  const Clock& clock = Clock::Real();
  std::printf("%s\n", path_.c_str());
  Begin();
  const std::int64_t lines = ReadLines([](const Line&) {});
  Show("inflate", lines);

  const auto format = MakeFormat("eventsim");
  ASSERT_TRUE(format.ok());
  Rejection rejection;
  std::int64_t readable = 0;
  Begin();
  ReadLines([&](const Line& line) {
    if ((*format)->Read(line.text, rejection) != nullptr) ++readable;
  });
  const double parsed_per_s = Show("inflate, parse", lines);

  const UserKeys keys = UserKeys::FromSecret("benchmark");
  auto ledger =
      OpenRocksLedger({.directory = folder_.path() / "ledger", .clock = &clock},
                      Catalogue::Embedded(), keys);
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  std::vector<double> imported_per_s;
  for (const char* what : {"import, durable", "import again, all duplicates"}) {
    const auto source = LineSource::Open(path_);
    ASSERT_TRUE(source.ok());
    Begin();
    const auto report =
        RunImport({.format = "eventsim"}, **source, keys, clock, **ledger);
    ASSERT_TRUE(report.ok()) << report.status();
    imported_per_s.push_back(Show(what, report->lines));
    EXPECT_EQ(report->lines, lines);
    EXPECT_EQ(report->readable, readable);
    std::printf("%-30s %9lld MiB\n", "  peak memory so far",
                static_cast<long long>(report->peak_memory_bytes >> 20));
    EXPECT_LT(report->peak_memory_bytes, std::int64_t{1} << 30);
  }
  ReplayIntoRows(**ledger);
  Report(imported_per_s.front(), parsed_per_s);
}

}  // namespace
}  // namespace tenuto
