// How far a simulation is from what really happened: payments that failed after
// the model had learned, simulated from the moment of failure under the plan
// and the attempts that were really in force, beside what came of them.
// Thread-safe.
#ifndef TENUTO_TRAINING_SIMULATION_BACKTEST_H_
#define TENUTO_TRAINING_SIMULATION_BACKTEST_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "training/simulation/fidelity.h"
#include "training/simulation/logged_failures.h"

namespace tenuto {

struct BacktestResult {
  std::string model;     // "grace/3".
  std::string currency;  // Of net values.
  std::int64_t failures = 0;
  absl::Time first, last;  // Of the failures.
  int days = 0;            // Compared up to here; a tenth is watched so long.
  // Shares of failed payments (Aalen & Johansen 1978).
  struct Day {
    int day = 0;
    Compared recovered, by_retry, by_user, cancelled;
  };
  std::vector<Day> by_day;  // 1, 3, 7, 14, 28, 60, as far as compared.
  struct Segment {
    std::size_t segment = 0;  // In Segments().
    std::int64_t failures = 0;
    int days = 0;           // Compared up to here: as long as it was watched.
    int recovered_day = 0;  // By which:
    Compared recovered;
    ComparedOutcomes outcomes;
  };
  std::vector<Segment> segments;  // Of 30 subscribers and more.
  ComparedOutcomes outcomes;      // Of all, on days 1 to `days`.
  // Recovered by each day, from day 0.
  std::vector<double> simulated, observed;
  // Of the two curves: largest and mean distance, and what 19 of 20 true
  // models would keep below.
  double largest_gap = 0, largest_by_chance = 0;
  double mean_gap = 0, mean_by_chance = 0;
};

// Below that a distance would be mostly chance.
inline constexpr int kFidelityFailuresMin = 100;

// Up to when the model knew what happened.
absl::Time LearnedThrough(const LoggedFailures& log);
// Those that failed later.
absl::Span<const GraceFailure> LaterFailures(const LoggedFailures& log);

// `failures` are some of `log`; money is told in `currency`. The same on any
// number of threads. kInvalidArgument for a currency without values.
absl::StatusOr<BacktestResult> Backtest(
    const LoggedFailures& log, absl::Span<const GraceFailure> failures,
    absl::string_view currency, int threads,
    absl::FunctionRef<void(std::int64_t)> progress);

// One sentence, to stand beside every claim of a simulation.
std::string FidelityLine(const BacktestResult& result);
// What follows from it for whoever wants to use the model.
std::string BacktestVerdict(const BacktestResult& result);
std::string FormatBacktest(const BacktestResult& result);
// Claim by claim, of all payments and then by segment.
std::vector<FidelityClaim> FidelityClaims(const BacktestResult& result);
// The file of --summary, as the README describes it.
std::string BacktestJson(const BacktestResult& result);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_SIMULATION_BACKTEST_H_
