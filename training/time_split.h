// Which snapshots train, calibrate and test: always earlier ones for later ones
// (rolling origin), with an embargo of the label horizon, so that no label of a
// training row was still open when the test begins.
// Thread-safe.
#ifndef TENUTO_TRAINING_TIME_SPLIT_H_
#define TENUTO_TRAINING_TIME_SPLIT_H_

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace tenuto {

struct SplitOptions {
  absl::Duration horizon;
  // Labels of training rows are known by then. Default: each window's start.
  // Not later than `test_from`.
  std::optional<absl::Time> train_before;
  // Snapshots from here on test. Default: the latest 45 %, of which none is
  // before `train_before`.
  std::optional<absl::Time> test_from;
  int windows = 3;
};

// One test window with what may be learned before it. Rising times.
struct SplitWindow {
  std::vector<absl::Time> train;
  std::vector<absl::Time> calibrate;  // Later than every one of `train`.
  std::vector<absl::Time> test;
  // Nothing that became known later may be learned from, not even as a label.
  absl::Time known_by;
};

// Snapshots every `step` from `first`, as long as the label horizon ends by
// `told_end`.
std::vector<absl::Time> PlanSnapshots(absl::Time first, absl::Duration step,
                                      absl::Duration horizon,
                                      absl::Time told_end);

// Those of `snapshots` (rising) in whose horizon something goes on to its end:
// at least a tenth of the events of a usual one (the median of those with any),
// and no end after the last day with a tenth of a usual day's. One odd time, or
// a server that was started years after an import, stretches a log by days in
// which there is nobody. `events_of_day`: UTC days since 1970.
std::vector<absl::Time> BusySnapshots(
    absl::Span<const absl::Time> snapshots, absl::Duration horizon,
    const std::map<std::int64_t, std::int64_t>& events_of_day);

// `snapshots` rise; each should have rows. kInvalidArgument says what is too
// short and which flag would help.
absl::StatusOr<std::vector<SplitWindow>> PlanSplit(
    absl::Span<const absl::Time> snapshots, const SplitOptions& options);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_TIME_SPLIT_H_
