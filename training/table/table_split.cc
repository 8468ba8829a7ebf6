#include "training/table/table_split.h"

#include <xxhash.h>

#include <algorithm>
#include <array>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"

namespace tenuto {
namespace {

constexpr double kCalibrateShare = 0.2;  // Of the rows that are no test.

enum Part : int { kTrain = 0, kCalibrate = 1, kTest = 2, kEmbargo = 3 };

// In [0, 1), the same for the same group and seed everywhere.
double Draw(std::uint64_t group, std::uint64_t seed) {
  const std::uint64_t hash = XXH3_64bits_withSeed(&group, sizeof group, seed);
  return static_cast<double>(hash >> 11) * 0x1p-53;
}

absl::StatusOr<TableParts> Collect(const std::vector<int>& part_of_row) {
  TableParts parts;
  for (std::size_t r = 0; r < part_of_row.size(); ++r) {
    const int row = static_cast<int>(r);
    if (part_of_row[r] == kTrain) parts.train.push_back(row);
    if (part_of_row[r] == kCalibrate) parts.calibrate.push_back(row);
    if (part_of_row[r] == kTest) parts.test.push_back(row);
  }
  if (parts.train.empty() || parts.calibrate.empty() || parts.test.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the split leaves ", parts.train.size(), " rows to learn from, ",
        parts.calibrate.size(), " to calibrate and ", parts.test.size(),
        " to test; none may be without"));
  }
  return parts;
}

// The time from which on the latest fifth of the rows before the limit lies;
// the limit itself when all of them have one time.
double CalibrateFrom(absl::Span<const double> times, double train_before) {
  std::vector<double> earlier;
  for (const double time : times) {
    if (time < train_before) earlier.push_back(time);
  }
  if (earlier.empty()) return train_before;
  std::sort(earlier.begin(), earlier.end());
  const auto rows = static_cast<double>(earlier.size());
  const double at =
      earlier[static_cast<std::size_t>(rows * (1 - kCalibrateShare))];
  if (at > earlier.front()) return at;
  const auto next = std::upper_bound(earlier.begin(), earlier.end(), at);
  return next == earlier.end() ? train_before : *next;
}

Part PartOfTime(double time, const TimeLimits& limits, double calibrate_from,
                double gap) {
  if (time >= limits.test_from) return kTest;
  if (time >= limits.train_before) return kEmbargo;
  if (time >= calibrate_from) return kCalibrate;
  return time < calibrate_from - gap ? kTrain : kEmbargo;
}

// Parts by time alone; keys are not looked at yet.
std::vector<int> PartsOfTimes(absl::Span<const double> times,
                              const TimeLimits& limits, double calibrate_from) {
  const auto assign = [&](double gap) {
    std::vector<int> parts;
    parts.reserve(times.size());
    for (const double time : times) {
      parts.push_back(PartOfTime(time, limits, calibrate_from, gap));
    }
    return parts;
  };
  const auto learning = [](const std::vector<int>& parts) {
    return std::count(parts.begin(), parts.end(), kTrain);
  };
  std::vector<int> strict = assign(limits.test_from - limits.train_before);
  std::vector<int> loose = assign(0);
  return learning(strict) * 2 >= learning(loose) ? strict : loose;
}

// The part that a group keeps, among those where it has rows.
int PartToKeep(const std::array<int, 3>& rows, double draw) {
  constexpr std::array<double, 3> kWeights = {0.56, 0.14, 0.30};
  double total = 0;
  for (std::size_t p = 0; p < 3; ++p) total += rows[p] > 0 ? kWeights[p] : 0;
  double left = draw * total;
  int chosen = -1;
  for (std::size_t p = 0; p < 3; ++p) {
    if (rows[p] == 0) continue;
    if (chosen < 0 || left >= 0) chosen = static_cast<int>(p);
    left -= kWeights[p];
  }
  return chosen;
}

// Keeps of every group only the rows of one part.
std::int64_t KeepGroupsWhole(absl::Span<const std::uint64_t> groups,
                             std::uint64_t seed,
                             std::vector<int>& part_of_row) {
  absl::flat_hash_map<std::uint64_t, std::array<int, 3>> rows_of;
  for (std::size_t r = 0; r < groups.size(); ++r) {
    if (part_of_row[r] == kEmbargo) continue;
    ++rows_of[groups[r]][static_cast<std::size_t>(part_of_row[r])];
  }
  absl::flat_hash_map<std::uint64_t, int> kept;
  for (const auto& [group, rows] : rows_of) {
    kept[group] = PartToKeep(rows, Draw(group, seed));
  }
  std::int64_t left_out = 0;
  for (std::size_t r = 0; r < groups.size(); ++r) {
    if (part_of_row[r] == kEmbargo || kept[groups[r]] == part_of_row[r]) {
      continue;
    }
    part_of_row[r] = -1;
    ++left_out;
  }
  return left_out;
}

}  // namespace

absl::StatusOr<TableParts> SplitByShare(absl::Span<const std::uint64_t> groups,
                                        double test_share, std::uint64_t seed) {
  if (!(test_share > 0 && test_share < 1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--test-share ", test_share, " is not between 0 and 1"));
  }
  const double calibrate_end = test_share + (1 - test_share) * kCalibrateShare;
  std::vector<int> part_of_row;
  part_of_row.reserve(groups.size());
  for (const std::uint64_t group : groups) {
    const double draw = Draw(group, seed);
    part_of_row.push_back(draw < test_share      ? kTest
                          : draw < calibrate_end ? kCalibrate
                                                 : kTrain);
  }
  return Collect(part_of_row);
}

absl::StatusOr<TableParts> SplitByTime(absl::Span<const std::uint64_t> groups,
                                       absl::Span<const double> times,
                                       const TimeLimits& limits,
                                       std::uint64_t seed) {
  if (limits.test_from < limits.train_before) {
    return absl::InvalidArgumentError(
        "--train-before is later than --test-from: what is learned must be "
        "older than the test; give --train-before no later than --test-from");
  }
  const double calibrate_from = CalibrateFrom(times, limits.train_before);
  std::vector<int> part_of_row = PartsOfTimes(times, limits, calibrate_from);
  const bool calibrates_later = calibrate_from < limits.train_before;
  if (!calibrates_later) {
    // One time only before the limit: no later slice exists, so draw one.
    for (std::size_t r = 0; r < groups.size(); ++r) {
      if (times[r] < limits.train_before) {
        part_of_row[r] =
            Draw(groups[r], seed + 1) < kCalibrateShare ? kCalibrate : kTrain;
      }
    }
  }
  const std::int64_t embargo =
      std::count(part_of_row.begin(), part_of_row.end(), kEmbargo);
  const std::int64_t left_out = KeepGroupsWhole(groups, seed, part_of_row);
  TENUTO_ASSIGN_OR_RETURN(TableParts parts, Collect(part_of_row));
  parts.left_out_embargo = embargo;
  parts.left_out_key = left_out;
  parts.calibrates_later = calibrates_later;
  return parts;
}

}  // namespace tenuto
