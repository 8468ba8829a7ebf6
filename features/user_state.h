// Everything remembered about one user, decoded for writing. Sums are 64-bit
// integers and newest/oldest are maxima, so the order in which events arrive
// cannot change a single encoded bit (the position aside).
// The byte layout is written down in features/README.md.
#ifndef TENUTO_FEATURES_USER_STATE_H_
#define TENUTO_FEATURES_USER_STATE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "features/catalogue.h"
#include "features/distinct_sketch.h"

namespace tenuto {

inline constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();
inline constexpr int kNoDay = std::numeric_limits<int>::min();
inline constexpr std::int64_t kDayUs = 86'400'000'000;
inline constexpr int kRecentMax = 16;
inline constexpr int kDailyMax = 128;  // Bits of a day's mask.

// Which of up to kDailyMax slots are present.
using SlotMask = std::array<std::uint64_t, kDailyMax / 64>;

// UTC day of a time, days since 1970-01-01.
int DayOf(std::int64_t time_us);

// Sizes of the sections of a state, from the catalogue. Value type.
struct StateLayout {
  explicit StateLayout(const Catalogue& catalogue)
      : StateLayout(catalogue.signals()) {}
  explicit StateLayout(absl::Span<const Signal> signals);
  int daily, totals, last_times, first_times, last_values, last_texts, recents,
      distinct;
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
// One of the newest events of a KEEP_RECENT signal.
struct RecentEntry {
  std::int64_t time_us = 0;
  std::uint64_t text_hash = 0;  // XXH3 of the measure's text.
  friend auto operator<=>(const RecentEntry&, const RecentEntry&) = default;
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

  // Tiles of `day`, made if absent; layout.daily numbers. Null when the day is
  // older than the kept history. The pointer lives until the next call.
  std::int64_t* Day(int day);
  // Days with a tile, rising, and the tiles of the k-th.
  absl::Span<const int> days() const { return days_; }
  absl::Span<const std::int64_t> tiles(int k) const;
  // Which of them are not 0.
  SlotMask mask(int k) const;

  // Keeps the kRecentMax newest.
  void AddRecent(int slot, const RecentEntry& entry);

  std::uint64_t applied_through = 0;
  int newest_day = kNoDay;
  std::vector<std::int64_t> totals;
  std::vector<std::int64_t> last_times;   // kNever if none
  std::vector<std::int64_t> first_times;  // kNever if none
  std::vector<Latest> last_values;
  std::vector<LatestText> last_texts;
  std::vector<std::vector<RecentEntry>> recents;  // Newest first.
  std::vector<DistinctSketch> sketches;

 private:
  struct Loader;
  void DropOldDays();

  static constexpr std::size_t kNoTiles = ~std::size_t{0};

  StateLayout layout_;
  std::vector<int> days_;            // Rising.
  std::vector<std::int64_t> tiles_;  // layout_.daily numbers a day.
  // Of each day, so that nobody looks at all tiles again; that of the day which
  // Day() gave last is out of date.
  std::vector<SlotMask> masks_;
  std::size_t given_ = kNoTiles;
};

// The last log position folded into an encoded state; 0 if it is empty.
std::uint64_t AppliedThrough(absl::string_view state);

}  // namespace tenuto

#endif  // TENUTO_FEATURES_USER_STATE_H_
