#include "training/time_split.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace tenuto {
namespace {

constexpr double kTestShare = 0.45;
constexpr double kCalibrateShare = 0.25;

std::string Day(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d", time, absl::UTCTimeZone());
}

// The latest part calibrates; the rest trains.
absl::Status SplitLearning(std::vector<absl::Time> usable,
                           SplitWindow& window) {
  if (usable.size() < 2) {
    return absl::InvalidArgumentError(absl::StrCat(
        "only ", usable.size(), " snapshots have known labels before ",
        Day(window.test.front()),
        "; training and calibration need one each (try --first-snapshot, "
        "--snapshot-every or a later --test-from)"));
  }
  const auto count = static_cast<std::size_t>(std::max(
      1.0, std::round(kCalibrateShare * static_cast<double>(usable.size()))));
  window.calibrate.assign(usable.end() - static_cast<std::ptrdiff_t>(count),
                          usable.end());
  usable.resize(usable.size() - count);
  window.train = std::move(usable);
  return absl::OkStatus();
}

}  // namespace

std::vector<absl::Time> PlanSnapshots(absl::Time first, absl::Duration step,
                                      absl::Duration horizon,
                                      absl::Time history_end) {
  std::vector<absl::Time> snapshots;
  for (absl::Time t = first; t + horizon <= history_end; t += step) {
    snapshots.push_back(t);
  }
  return snapshots;
}

absl::StatusOr<std::vector<SplitWindow>> PlanSplit(
    absl::Span<const absl::Time> snapshots, const SplitOptions& options) {
  std::vector<absl::Time> test;
  if (options.test_from) {
    std::copy_if(snapshots.begin(), snapshots.end(), std::back_inserter(test),
                 [&](absl::Time t) { return t >= *options.test_from; });
  } else {
    const auto count = static_cast<std::ptrdiff_t>(
        kTestShare * static_cast<double>(snapshots.size()));
    test.assign(snapshots.end() - count, snapshots.end());
  }
  if (test.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "no snapshot is left to test on: ", snapshots.size(),
        " snapshots have a whole label horizon inside the log",
        options.test_from
            ? absl::StrCat(", none of them from ", Day(*options.test_from))
            : std::string(),
        " (try an earlier --test-from or --first-snapshot, or a shorter "
        "--horizon)"));
  }
  const auto windows = std::min<std::size_t>(
      static_cast<std::size_t>(options.windows), test.size());
  std::vector<SplitWindow> plan(windows);
  for (std::size_t k = 0; k < windows; ++k) {
    SplitWindow& window = plan[k];
    const auto from = static_cast<std::ptrdiff_t>(k * test.size() / windows);
    const auto to =
        static_cast<std::ptrdiff_t>((k + 1) * test.size() / windows);
    window.test.assign(test.begin() + from, test.begin() + to);
    const absl::Time known_by =
        std::min(options.train_before.value_or(window.test.front()),
                 window.test.front());
    std::vector<absl::Time> usable;
    for (const absl::Time t : snapshots) {
      if (t + options.horizon <= known_by) usable.push_back(t);
    }
    if (const absl::Status status = SplitLearning(std::move(usable), window);
        !status.ok()) {
      return status;
    }
  }
  return plan;
}

}  // namespace tenuto
