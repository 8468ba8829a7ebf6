// What one plain worker makes of calls that come at a pace: each takes so much
// of one core and then makes some bytes durable, without server, network or
// store, and the next begins after it. A machine that is lent to others answers
// late whoever is asked: this says how late, in the same minute. Not a least: a
// server may work on one call while another's bytes become durable.
// Thread-safe.
#ifndef TENUTO_TESTS_BENCHMARK_PACED_FLOOR_H_
#define TENUTO_TESTS_BENCHMARK_PACED_FLOOR_H_

#include <filesystem>
#include <vector>

#include "absl/time/time.h"

namespace tenuto {

// Which `share` of the values, below 1, lies below. There must be some.
double Quantile(double share, std::vector<double> values);

struct PacedCalls {
  int core = 0;
  double calls_per_s = 0;
  double cpu_us = 0;  // A call.
  int bytes = 0;      // Appended and synced, a call.
  absl::Duration window;
  int windows = 0;
};

struct PacedFloor {
  double p50_ms = 0;
  double p99_ms = 0;  // Of the window in the middle.
};

// Measures in a file of `folder`, from when a call is due. The caller's core
// turns meanwhile, as a client's would.
PacedFloor MeasurePacedFloor(const std::filesystem::path& folder,
                             const PacedCalls& calls);

}  // namespace tenuto

#endif  // TENUTO_TESTS_BENCHMARK_PACED_FLOOR_H_
