// An encoded user state opened for reading at one moment: sums of every daily
// signal over every window in one pass from the newest day to the oldest, and
// the parts that single reads need. Lives on the stack; allocates nothing.
#ifndef TENUTO_FEATURES_STATE_WINDOWS_H_
#define TENUTO_FEATURES_STATE_WINDOWS_H_

#include <array>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "features/register_sums.h"
#include "features/state_codec.h"
#include "features/window_plan.h"

namespace tenuto {

inline constexpr int kTilesMax = kHistoryDays * kDailyMax;

// Value type; not thread-safe. Slots are those of the catalogue's signals.
class StateWindows {
 public:
  // Both must outlive it. Days after that of `as_of_us` are not seen.
  StateWindows(const StateLayout& layout, const WindowPlan& plan,
               std::int64_t as_of_us);

  // False when the bytes are no state. Empty bytes are a user never heard of.
  bool Read(absl::string_view state);
  void Read(const UserState& state);  // As of its bytes.

  // Sum of the tiles inside window k; the tile that the window's beginning cuts
  // counts with the share that lies inside.
  double Sum(int k, int slot) const {
    return static_cast<double>(sums_[Index(k)][Index(slot)]) +
           tail_share_ * static_cast<double>(tails_[Index(k)][Index(slot)]);
  }
  // The days of window k that a count of days looks at: n whole days, the last
  // of which holds the last instant before the moment of reading.
  int ActiveDays(int k, int slot) const;
  int LastDay() const { return last_day_; }
  int FirstDay(int k) const;
  double WeekendShare(int k, int slot) const;  // NaN where the sum is 0.
  int LongestGap(int k, int slot) const;
  int Streak(int slot) const;
  // Decay d of the plan. A tile's events are taken to lie at its middle.
  double DecayedSum(int d) const;
  // From FirstDay(k) on, to the newest event: what a sliding sketch can say
  // exactly, because a newer entry may have made one of LastDay() useless.
  double Distinct(int k, int slot) const;

  std::int64_t total(int slot) const { return totals_[Index(slot)]; }
  std::int64_t last_time(int slot) const { return last_times_[Index(slot)]; }
  std::int64_t first_time(int slot) const { return first_times_[Index(slot)]; }
  const Latest& latest(int slot) const { return latest_[Index(slot)]; }

  // Called by StateDecoder.
  void OnHeader(std::uint64_t, int) {}
  void OnTotal(int slot, std::int64_t n) { totals_[Index(slot)] = n; }
  void OnLastTime(int slot, std::int64_t us) { last_times_[Index(slot)] = us; }
  void OnFirstTime(int slot, std::int64_t t) { first_times_[Index(slot)] = t; }
  void OnLatest(int slot, const Latest& last) { latest_[Index(slot)] = last; }
  void OnText(int, std::int64_t, std::int64_t, absl::string_view) {}
  void OnRecent(int, const RecentEntry&) {}
  void OnDay(int day, const SlotMask& mask);
  void OnTile(int slot, std::int64_t n);
  void OnSketch(int slot, const DistinctSketch::Entry& entry, int rank_before);

 private:
  static constexpr std::size_t Index(int n) {
    return static_cast<std::size_t>(n);
  }
  void Finish();
  struct DayTiles {
    int day, first_tile;
    SlotMask mask;
  };
  // Closes sums whose window begins after `day`.
  void CloseWindows(int day);
  // Of the day that was read last, if a window begins inside it.
  void KeepTail();
  // Tile of a slot on a kept day; 0 if it has none.
  std::int64_t TileOf(const DayTiles& day, int slot) const;

  const StateLayout& layout_;
  const WindowPlan& plan_;
  const int as_of_day_;
  const int last_day_;
  const double tail_share_;
  int open_sum_ = 0;           // First window whose sum is still running.
  int open_active_ = 0;        // First window whose active days still run.
  int tail_window_ = -1;       // Window that the day being read is the tail of.
  bool seen_ = false;          // The day being read is not after the moment.
  std::uint16_t counted_ = 0;  // 1: ... and not after LastDay().
  int day_count_ = 0;
  int tile_count_ = 0;
  const double* powers_ = nullptr;  // Of the day being read, by half-life.
  const int* const first_decays_;   // Of the plan, at hand for every tile.
  const WindowPlan::SlotDecay* const decays_;

  std::array<std::int64_t, kDailyMax> running_;
  // Not of bytes: those might be anything, and would be read again and again.
  std::array<std::uint16_t, kDailyMax> running_active_;
  std::array<std::array<std::int64_t, kDailyMax>, kWindowsMax> sums_;
  std::array<std::array<std::int64_t, kDailyMax>, kWindowsMax> tails_;
  std::array<std::array<std::uint16_t, kDailyMax>, kWindowsMax> active_;
  std::array<std::int64_t, kDailyMax> totals_;
  std::array<std::int64_t, kDailyMax> last_times_;
  std::array<std::int64_t, kDailyMax> first_times_;
  std::array<Latest, kDailyMax> latest_;
  std::array<DayTiles, kHistoryDays> days_;
  std::array<std::int64_t, kTilesMax> tiles_;
  std::array<double, kDecaysMax> decayed_;
  std::array<double, kDecaysMax> scales_;  // By half-life.
  // While reading: what a window adds to the next shorter one.
  std::array<std::array<RegisterSums, kWindowsMax + 1>, kDistinctMax> distinct_;
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_STATE_WINDOWS_H_
