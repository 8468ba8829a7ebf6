// Which rows of a table learn, which calibrate and which test. Rows of one key
// are always in one part: a model that has seen a user knows the answer.
// Thread-safe.
#ifndef TENUTO_TRAINING_TABLE_TABLE_SPLIT_H_
#define TENUTO_TRAINING_TABLE_TABLE_SPLIT_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace tenuto {

struct TableParts {
  // Row numbers, rising.
  std::vector<int> train, calibrate, test;
  // By time: rows too near to the part after them, and rows of a key that is
  // in another part.
  std::int64_t left_out_embargo = 0;
  std::int64_t left_out_key = 0;
  // Whether calibration rows are later than the rows that learn.
  bool calibrates_later = false;
};

// Keys drawn by a hash of group and seed. `test_share` is in (0, 1);
// kInvalidArgument otherwise or when a part stays empty.
absl::StatusOr<TableParts> SplitByShare(absl::Span<const std::uint64_t> groups,
                                        double test_share, std::uint64_t seed);

struct TimeLimits {
  double train_before = 0;  // Rows strictly before it learn or calibrate.
  double test_from = 0;     // Rows at or after it test.
};
// Rows between the limits are left out; that embargo is kept between learning
// and calibration too, where enough rows remain. The latest fifth of the rows
// before `train_before` calibrates. A key with rows in several parts keeps
// those of one, drawn by hash. kInvalidArgument when the limits are in the
// wrong order or a part stays empty.
absl::StatusOr<TableParts> SplitByTime(absl::Span<const std::uint64_t> groups,
                                       absl::Span<const double> times,
                                       const TimeLimits& limits,
                                       std::uint64_t seed);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_TABLE_TABLE_SPLIT_H_
