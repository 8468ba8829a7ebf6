// Everything remembered about one user, decoded for writing. Sums are 64-bit
// integers and newest/oldest are maxima, so the order in which events arrive
// cannot change a single encoded bit (the position aside).
// The byte layout is written down in features/README.md.
#ifndef TENUTO_FEATURES_USER_STATE_H_
#define TENUTO_FEATURES_USER_STATE_H_

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "features/catalogue.h"
#include "features/distinct_sketch.h"

namespace tenuto {

inline constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();
inline constexpr std::int64_t kDayUs = 86'400'000'000;

// Sizes of the sections of a state, from the catalogue. Value type.
struct StateLayout {
  explicit StateLayout(const Catalogue& catalogue);
  int daily, totals, last_times, first_times, last_values, last_texts, distinct;
};

// Newest by (time, sequence, value).
struct Latest {
  std::int64_t time_us = kNever;
  std::int64_t sequence = 0;
  std::int64_t value = 0;
  friend auto operator<=>(const Latest&, const Latest&) = default;
};
struct LatestText {
  std::int64_t time_us = kNever;
  std::int64_t sequence = 0;
  std::string text;
  friend auto operator<=>(const LatestText&, const LatestText&) = default;
};

// Value type; not thread-safe. Written by SignalFold only.
class UserState {
 public:
  explicit UserState(const StateLayout& layout);

  void Clear();
  // kDataLoss when the bytes are no state of this layout.
  absl::Status Decode(absl::string_view bytes);
  // Empty when no event was ever folded.
  void Encode(std::string& bytes) const;

  // Tiles of the UTC day `day` (days since 1970), made if absent. Null when the
  // day is older than the kept history.
  std::int64_t* Day(int day);

  std::uint64_t applied_through = 0;
  int newest_day = std::numeric_limits<int>::min();
  std::vector<std::int64_t> totals;
  std::vector<std::int64_t> last_times;   // kNever if none
  std::vector<std::int64_t> first_times;  // kNever if none
  std::vector<Latest> last_values;
  std::vector<LatestText> last_texts;
  std::vector<DistinctSketch> sketches;

 private:
  StateLayout layout_;
  std::vector<int> days_;            // Rising.
  std::vector<std::int64_t> tiles_;  // layout_.daily numbers a day.
};

// The last log position folded into an encoded state; 0 if it is empty.
std::uint64_t AppliedThrough(absl::string_view state);

}  // namespace tenuto

#endif  // TENUTO_FEATURES_USER_STATE_H_
