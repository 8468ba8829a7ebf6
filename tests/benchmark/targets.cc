#include "tests/benchmark/targets.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "features/base/log.h"

namespace tenuto {
namespace {

// Twice as fast as XGBoost means half of its time, in the same run.
constexpr std::array<Target, 20> kTargets = {{
    {"forest.single_row_vs_xgboost", 20, 30, false,
     "times XGBoost: depth 6, 8 % missing, a row a call"},
    {"forest.batch_4096_vs_xgboost", 40, 90, false,
     "the same, 4,096 rows a call"},
    {"forest.batch_4096_dense_vs_xgboost", 25, 50, false,
     "the same without missing cells"},
    {"forest.batch_4096_avx2_vs_xgboost", 15, 20, false,
     "8 % missing, AVX-512 switched off"},
    {"forest.batch_d8_vs_xgboost", 35, 75, false, "depth 8, 4,096 rows a call"},
    {"model.compile_ms", 50, 20, true, "500 trees of depth 6, CPU"},
    {"model.bytes_per_split", 40, 30, true,
     "the same, all engines; and scratch <= 2 MiB a thread"},
    {"model.load_ms", 1'000, 200, true,
     "500 trees of depth 6: read, verify, compile, warm up"},
    {"model.contributions_p99_us", 1'000, 500, true,
     "exact, 500 trees of depth 6, CPU; and faster than XGBoost's"},
    {"serving.score_rows_vs_echo", 0.90, 0.97, false,
     "calls/s over an echo's: 128 floats, 64 in flight"},
    {"serving.score_users_vs_echo", 0.60, 0.75, false,
     "the same: state, row, churn forest, record"},
    {"serving.score_users_p99_ms", 1, 0.5, true,
     "from when it was due, at 60 % of peak"},
    {"serving.plan_grace_p99_ms", 2, 1, true,
     "PlanGracePeriod, from when it was due, at half of peak"},
    {"ingest.durable_vs_rocksdb", 0.60, 0.90, false,
     "durable bytes/s over RocksDB alone"},
    {"ingest.events_per_second", 150'000, 400'000, false,
     "durable, batches of 1,000"},
    {"features.fold_events_per_second", 5'000'000, 15'000'000, false,
     "a core, in memory"},
    {"features.assemble_us", 3, 1, true, "full catalogue, from stored bytes"},
    {"import.vs_parse", 0.30, 0.60, false,
     "over inflating and parsing; and 200,000 events/s"},
    {"train.overhead", 1.10, 1.03, true, "`train churn` over its XGBoost fits"},
    {"simulate.user_policy_days_per_second", 16'000'000, 60'000'000, false,
     "grace simulation on 2 cores"},
}};

bool Reaches(const Target& target, double measured, double goal) {
  return target.is_at_most ? measured <= goal : measured >= goal;
}

const Target* FindTarget(absl::string_view key) {
  const auto* const found =
      std::find_if(kTargets.begin(), kTargets.end(),
                   [&](const Target& target) { return target.key == key; });
  return found == kTargets.end() ? nullptr : found;
}

// As many digits as count.
std::string Show(double value) {
  const double size = std::abs(value);
  if (size >= 100) return absl::StrFormat("%.0f", value);
  return size >= 10 ? absl::StrFormat("%.1f", value)
                    : absl::StrFormat("%.3f", value);
}

std::string Row(const Target& target, const Figure& figure) {
  const char* const direction = target.is_at_most ? "<=" : ">=";
  std::string line =
      absl::StrFormat("%-37s %10s  %s %9s %10s  %-14s  %s", target.key,
                      figure.measured ? Show(*figure.measured) : "-", direction,
                      Show(target.target), Show(target.stretch),
                      Verdict(target, figure), target.meaning);
  if (!figure.note.empty()) absl::StrAppend(&line, " [", figure.note, "]");
  return line + "\n";
}

}  // namespace

absl::Span<const Target> Targets() { return kTargets; }

void ReportFigure(absl::string_view key, const Figure& figure) {
  const Target* const target = FindTarget(key);
  TENUTO_CHECK(target != nullptr, absl::StrCat(key, " is no target's key"));
  std::fputs(Row(*target, figure).c_str(), stdout);
  const char* const path = std::getenv("TENUTO_FIGURES");
  if (path == nullptr) return;
  std::ofstream file(path, std::ios::app);
  file << FormatFigure(key, figure) << std::flush;
  TENUTO_CHECK(file.good(), absl::StrCat("cannot append to ", path));
}

std::string FormatFigure(absl::string_view key, const Figure& figure) {
  return absl::StrCat(
      key, "\t",
      figure.measured ? absl::StrFormat("%.17g", *figure.measured) : "-", "\t",
      figure.holds ? "holds" : "fails", "\t", figure.note, "\n");
}

std::map<std::string, Figure> ParseFigures(absl::string_view text) {
  std::map<std::string, Figure> figures;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::vector<std::string> words =
        absl::StrSplit(line, absl::MaxSplits('\t', 3));
    if (words.size() != 4) continue;
    Figure figure;
    double measured = 0;
    if (absl::SimpleAtod(words[1], &measured) && std::isfinite(measured)) {
      figure.measured = measured;
    }
    figure.holds = words[2] == "holds";
    figure.note = words[3];
    figures[words[0]] = std::move(figure);
  }
  return figures;
}

std::string Verdict(const Target& target, const Figure& figure) {
  if (!figure.measured) return "not measured";
  if (!figure.holds || !Reaches(target, *figure.measured, target.target)) {
    return "short";
  }
  return Reaches(target, *figure.measured, target.stretch) ? "pass (stretch)"
                                                           : "pass";
}

std::string TargetsTable(const std::map<std::string, Figure>& figures) {
  std::string table =
      absl::StrFormat("%-37s %10s  %12s %10s  %-14s  %s\n", "key", "measured",
                      "target", "stretch", "result", "what it means");
  for (const Target& target : kTargets) {
    const auto found = figures.find(target.key);
    table += Row(target, found != figures.end()
                             ? found->second
                             : Figure{.note = "its benchmark did not run"});
  }
  return table;
}

std::string TargetsJson(const std::map<std::string, Figure>& figures) {
  std::string json = "{";
  const char* separator = "\n";
  for (const Target& target : kTargets) {
    const auto found = figures.find(target.key);
    const bool is_measured =
        found != figures.end() && found->second.measured.has_value();
    absl::StrAppend(&json, separator, "  \"", target.key, "\": ",
                    is_measured
                        ? absl::StrFormat("%.6g", *found->second.measured)
                        : "null");
    separator = ",\n";
  }
  return json + "\n}\n";
}

}  // namespace tenuto
