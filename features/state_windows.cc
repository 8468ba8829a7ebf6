#include "features/state_windows.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "features/state_decoder.h"

namespace tenuto {
namespace {

// 1970-01-01 was a Thursday.
bool IsWeekend(int day) {
  const int weekday = ((day + 3) % 7 + 7) % 7;  // 0 is Monday.
  return weekday >= 5;
}

}  // namespace

// The large arrays are left as they are: only what was written is read.
StateWindows::StateWindows(const StateLayout& layout,
                           absl::Span<const int> windows, std::int64_t as_of_us)
    : layout_(layout),
      windows_(windows),
      as_of_day_(DayOf(as_of_us)),
      last_day_(DayOf(as_of_us - 1)),
      tail_share_(1.0 - static_cast<double>(as_of_us - as_of_day_ * kDayUs) /
                            static_cast<double>(kDayUs)) {
  const std::size_t daily = Index(layout.daily);
  std::fill_n(running_.begin(), daily, 0);
  std::fill_n(running_active_.begin(), daily, std::uint8_t{0});
  for (std::size_t k = 0; k < windows.size(); ++k) {
    std::fill_n(tails_[k].begin(), daily, 0);
  }
  std::fill_n(totals_.begin(), Index(layout.totals), 0);
  std::fill_n(last_times_.begin(), Index(layout.last_times), kNever);
  std::fill_n(first_times_.begin(), Index(layout.first_times), kNever);
  std::fill_n(latest_.begin(), Index(layout.last_values), Latest{});
}

bool StateWindows::Read(absl::string_view state) {
  if (!state.empty() &&
      !StateDecoder<StateWindows>(state, layout_, *this).Run()) {
    return false;
  }
  CloseWindows(std::numeric_limits<int>::min());
  return true;
}

void StateWindows::CloseWindows(int day) {
  const std::size_t daily = Index(layout_.daily);
  const int count = static_cast<int>(windows_.size());
  tail_window_ = -1;
  for (; open_sum_ < count; ++open_sum_) {
    const int tail_day = as_of_day_ - windows_[Index(open_sum_)];
    if (tail_day < day) break;
    std::copy_n(running_.begin(), daily, sums_[Index(open_sum_)].begin());
    if (tail_day == day) tail_window_ = open_sum_;
  }
  for (; open_active_ < count; ++open_active_) {
    if (FirstDay(open_active_) <= day) break;
    std::copy_n(running_active_.begin(), daily,
                active_[Index(open_active_)].begin());
  }
}

void StateWindows::OnDay(int day, const SlotMask& mask) {
  seen_ = day <= as_of_day_;
  counted_ = day <= last_day_;
  if (!seen_) return;
  CloseWindows(day);
  days_[Index(day_count_++)] = {day, tile_count_, mask};
}

void StateWindows::OnTile(int slot, std::int64_t n) {
  if (!seen_) return;
  tiles_[Index(tile_count_++)] = n;
  running_[Index(slot)] = WrappingAdd(running_[Index(slot)], n);
  if (counted_) ++running_active_[Index(slot)];
  if (tail_window_ >= 0) tails_[Index(tail_window_)][Index(slot)] = n;
}

void StateWindows::OnSketch(int slot, const DistinctSketch::Entry& entry) {
  if (entry_count_ < kSketchEntriesMax) {
    entries_[Index(entry_count_++)] = {slot, entry};
  }
}

double StateWindows::Sum(int k, int slot) const {
  return static_cast<double>(sums_[Index(k)][Index(slot)]) +
         tail_share_ * static_cast<double>(tails_[Index(k)][Index(slot)]);
}

int StateWindows::ActiveDays(int k, int slot) const {
  return active_[Index(k)][Index(slot)];
}

std::int64_t StateWindows::TileOf(const DayTiles& day, int slot) const {
  if (!TestSlot(day.mask, slot)) return 0;
  int rank = 0;
  for (int word = 0; word < slot >> 6; ++word) {
    rank += std::popcount(day.mask[Index(word)]);
  }
  const std::uint64_t below = (std::uint64_t{1} << (slot & 63)) - 1;
  rank += std::popcount(day.mask[Index(slot >> 6)] & below);
  return tiles_[Index(day.first_tile + rank)];
}

double StateWindows::WeekendShare(int k, int slot) const {
  double weekend = 0;
  double all = 0;
  for (int d = 0; d < day_count_; ++d) {
    const DayTiles& day = days_[Index(d)];
    if (day.day > last_day_) continue;
    if (day.day < FirstDay(k)) break;
    const auto n = static_cast<double>(TileOf(day, slot));
    all += n;
    if (IsWeekend(day.day)) weekend += n;
  }
  return all > 0 ? weekend / all : std::numeric_limits<double>::quiet_NaN();
}

int StateWindows::LongestGap(int k, int slot) const {
  int longest = 0;
  int newer = last_day_ + 1;
  for (int d = 0; d < day_count_; ++d) {
    const DayTiles& day = days_[Index(d)];
    if (day.day < FirstDay(k)) break;
    if (day.day > last_day_ || !TestSlot(day.mask, slot)) continue;
    longest = std::max(longest, newer - day.day - 1);
    newer = day.day;
  }
  return std::max(longest, newer - FirstDay(k));
}

int StateWindows::Streak(int slot) const {
  int length = 0;
  int expected = 0;
  for (int d = 0; d < day_count_; ++d) {
    const DayTiles& day = days_[Index(d)];
    if (day.day > last_day_ || !TestSlot(day.mask, slot)) continue;
    if (length > 0 && day.day != expected) break;
    ++length;
    expected = day.day - 1;
  }
  return length;
}

double StateWindows::DecayedSum(int slot, absl::Span<const double> powers,
                                double half_life_days, bool count_days) const {
  // A tile's events are taken to lie at its middle.
  const double into_day = 1.0 - tail_share_;
  const double scale = std::exp2(-(into_day - 0.5) / half_life_days);
  double sum = 0;
  for (int d = 0; d < day_count_; ++d) {
    const DayTiles& day = days_[Index(d)];
    const std::size_t age = Index(as_of_day_ - day.day);
    if (age >= powers.size()) break;
    const std::int64_t n =
        count_days ? TestSlot(day.mask, slot) : TileOf(day, slot);
    sum += static_cast<double>(n) * powers[age];
  }
  return sum * scale;
}

double StateWindows::Distinct(int k, int slot) const {
  std::array<std::uint8_t, DistinctSketch::kRegisters> ranks{};
  for (int e = 0; e < entry_count_; ++e) {
    const SlotEntry& at = entries_[Index(e)];
    if (at.slot != slot || at.entry.day < FirstDay(k)) continue;
    std::uint8_t& rank = ranks[at.entry.reg];
    rank = std::max(rank, at.entry.rank);
  }
  return EstimateDistinct(ranks);
}

}  // namespace tenuto
