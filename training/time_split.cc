#include "training/time_split.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace tenuto {
namespace {

constexpr double kTestShare = 0.45;
constexpr double kCalibrateShare = 0.25;

std::string Show(absl::Time time) {
  const bool is_midnight =
      (time - absl::UnixEpoch()) % absl::Hours(24) == absl::ZeroDuration();
  return absl::FormatTime(is_midnight ? "%Y-%m-%d" : "%Y-%m-%dT%H:%M:%SZ", time,
                          absl::UTCTimeZone());
}

// The latest part calibrates; the rest trains.
absl::Status SplitLearning(std::vector<absl::Time> usable,
                           SplitWindow& window) {
  if (usable.size() < 2) {
    return absl::InvalidArgumentError(absl::StrCat(
        "only ", usable.size(), " snapshots have known labels before ",
        Show(window.known_by), " for the test from ", Show(window.test.front()),
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

absl::StatusOr<std::vector<absl::Time>> TestSnapshots(
    absl::Span<const absl::Time> snapshots, const SplitOptions& options) {
  const std::optional<absl::Time>& train_before = options.train_before;
  const std::optional<absl::Time>& test_from = options.test_from;
  if (train_before && test_from && *train_before > *test_from) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--train-before ", Show(*train_before), " is later than --test-from ",
        Show(*test_from), ": what is learned must be known before the test ",
        "begins; give --train-before ", Show(*test_from),
        " or earlier, or a later --test-from"));
  }
  absl::Time from = test_from.value_or(absl::InfinitePast());
  if (!test_from) {
    const auto count = static_cast<std::size_t>(
        kTestShare * static_cast<double>(snapshots.size()));
    from = count == 0 ? absl::InfiniteFuture()
                      : snapshots[snapshots.size() - count];
    from = std::max(from, train_before.value_or(from));
  }
  std::vector<absl::Time> test;
  std::copy_if(snapshots.begin(), snapshots.end(), std::back_inserter(test),
               [&](absl::Time t) { return t >= from; });
  if (!test.empty()) return test;
  return absl::InvalidArgumentError(absl::StrCat(
      "no snapshot is left to test on: ", snapshots.size(),
      " snapshots have a whole label horizon inside the log",
      from < absl::InfiniteFuture()
          ? absl::StrCat(", none of them from ", Show(from))
          : std::string(),
      " (try an earlier ",
      train_before && !test_from ? "--train-before" : "--test-from",
      " or --first-snapshot, or a shorter --horizon)"));
}

std::int64_t DayOf(absl::Time time) {
  return absl::Floor(time - absl::UnixEpoch(), absl::Hours(24)) /
         absl::Hours(24);
}

// The upper one of two. Not of nothing.
std::int64_t Median(std::vector<std::int64_t> values) {
  const auto middle =
      values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

std::vector<absl::Time> PlanSnapshots(absl::Time first, absl::Duration step,
                                      absl::Duration horizon,
                                      absl::Time told_end) {
  std::vector<absl::Time> snapshots;
  for (absl::Time t = first; t + horizon <= told_end; t += step) {
    snapshots.push_back(t);
  }
  return snapshots;
}

std::vector<absl::Time> BusySnapshots(
    absl::Span<const absl::Time> snapshots, absl::Duration horizon,
    const std::map<std::int64_t, std::int64_t>& events_of_day) {
  if (events_of_day.empty()) return {};
  std::vector<std::int64_t> of_days;
  for (const auto& [day, events] : events_of_day) of_days.push_back(events);
  const std::int64_t enough = (Median(of_days) + 9) / 10;
  std::int64_t last_busy = 0;
  for (const auto& [day, events] : events_of_day) {
    if (events >= enough) last_busy = day;
  }
  std::vector<std::int64_t> of_horizons;
  for (const absl::Time snapshot : snapshots) {
    std::int64_t sum = 0;
    const auto end = events_of_day.lower_bound(DayOf(snapshot + horizon));
    for (auto at = events_of_day.lower_bound(DayOf(snapshot)); at != end;
         ++at) {
      sum += at->second;
    }
    of_horizons.push_back(sum);
  }
  std::vector<std::int64_t> some = of_horizons;
  std::erase(some, 0);
  if (some.empty()) return {};
  const std::int64_t usual = Median(some);
  std::vector<absl::Time> busy;
  for (std::size_t k = 0; k < snapshots.size(); ++k) {
    // The last day of a log may hold only its first minutes.
    if (10 * of_horizons[k] >= usual &&
        DayOf(snapshots[k] + horizon) <= last_busy + 2) {
      busy.push_back(snapshots[k]);
    }
  }
  return busy;
}

absl::StatusOr<std::vector<SplitWindow>> PlanSplit(
    absl::Span<const absl::Time> snapshots, const SplitOptions& options) {
  auto found = TestSnapshots(snapshots, options);
  if (!found.ok()) return found.status();
  const std::vector<absl::Time>& test = *found;
  const auto windows = std::min<std::size_t>(
      static_cast<std::size_t>(options.windows), test.size());
  std::vector<SplitWindow> plan(windows);
  for (std::size_t k = 0; k < windows; ++k) {
    SplitWindow& window = plan[k];
    const auto from = static_cast<std::ptrdiff_t>(k * test.size() / windows);
    const auto to =
        static_cast<std::ptrdiff_t>((k + 1) * test.size() / windows);
    window.test.assign(test.begin() + from, test.begin() + to);
    window.known_by = options.train_before.value_or(window.test.front());
    std::vector<absl::Time> usable;
    for (const absl::Time t : snapshots) {
      if (t + options.horizon <= window.known_by) usable.push_back(t);
    }
    if (const absl::Status status = SplitLearning(std::move(usable), window);
        !status.ok()) {
      return status;
    }
  }
  return plan;
}

}  // namespace tenuto
