// Users with their events and states for benchmarks: those of the real log
// where it lies on this machine, else people of a simulated world.
// Value type; not thread-safe.
#ifndef TENUTO_TESTS_BENCHMARK_CORPUS_H_
#define TENUTO_TESTS_BENCHMARK_CORPUS_H_

#include <string>
#include <vector>

#include "absl/time/time.h"

namespace tenuto::testing {

struct Corpus {
  std::string origin;
  // Encoded events in log order, a vector a user.
  std::vector<std::vector<std::string>> lives;
  std::vector<std::string> states;  // Of the same users.
  absl::Time history_start;
  absl::Time history_end;
};

// Opens the ledger directory in $TENUTO_LEDGER if set, else imports
// $TENUTO_DATA_DIR (default ../shared/data)/eventsim_dev, else lives a world.
// Takes the first `events_max` events of whole users. Made once a process.
const Corpus& BenchmarkCorpus();

}  // namespace tenuto::testing

#endif  // TENUTO_TESTS_BENCHMARK_CORPUS_H_
