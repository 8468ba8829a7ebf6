// What the benchmarks must reach, in the one place where it stands, and the
// road of a measured figure into the table that `tests/run.sh --benchmark`
// ends with: each program appends its own to the file $TENUTO_FIGURES.
// Thread-safe.
#ifndef TENUTO_TESTS_BENCHMARK_TARGETS_H_
#define TENUTO_TESTS_BENCHMARK_TARGETS_H_

#include <map>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace tenuto {

struct Target {
  const char* key;
  double target;
  double stretch;
  bool is_at_most;  // Less is better.
  const char* meaning;
};

absl::Span<const Target> Targets();

struct Figure {
  std::optional<double> measured = std::nullopt;  // Nothing: not measured here.
  // False when what the target asks for beside the figure was not reached.
  bool holds = true;
  std::string note = "";  // How, or why not.
};

// Prints the figure and, where $TENUTO_FIGURES names a file, appends it there.
// A key that is no target's is a fault of the caller and fails the test.
void ReportFigure(absl::string_view key, const Figure& figure);

// By key, the last of each; lines that are none are skipped.
std::map<std::string, Figure> ParseFigures(absl::string_view text);
std::string FormatFigure(absl::string_view key, const Figure& figure);

// "pass", with "(stretch)" where that is reached too, "short" or "not
// measured".
std::string Verdict(const Target& target, const Figure& figure);

// Aligned, a line a target.
std::string TargetsTable(const std::map<std::string, Figure>& figures);

// {"KEY": NUMBER or null} with every key of Targets() and no other.
std::string TargetsJson(const std::map<std::string, Figure>& figures);

}  // namespace tenuto

#endif  // TENUTO_TESTS_BENCHMARK_TARGETS_H_
