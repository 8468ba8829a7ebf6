#include "features/state_windows.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "features/state_decoder.h"
#include "features/state_walk.h"

namespace tenuto {
namespace {

// 1970-01-01 was a Thursday.
bool IsWeekend(int day) {
  constexpr int kSinceMonday = 7 * 102'738 + 3;  // From before any day.
  return static_cast<unsigned>(day + kSinceMonday) % 7 >= 5;
}

}  // namespace

// Of each number of a state: in line, and without branches that are not needed.
[[gnu::always_inline]] inline void StateWindows::OnTile(int slot,
                                                        std::int64_t n) {
  if (!seen_) return;
  tiles_[Index(tile_count_++)] = n;
  running_[Index(slot)] = WrappingAdd(running_[Index(slot)], n);
  running_active_[Index(slot)] += counted_;
  const int stop = first_decays_[slot + 1];
  for (int d = first_decays_[slot]; d < stop; ++d) {
    const WindowPlan::SlotDecay& decay = decays_[d];
    decayed_[Index(d)] += (decay.count_days ? 1.0 : static_cast<double>(n)) *
                          powers_[decay.half_life];
  }
}

// The large arrays are left as they are: only what was written is read.
StateWindows::StateWindows(const StateLayout& layout, const WindowPlan& plan,
                           std::int64_t as_of_us)
    : layout_(layout),
      plan_(plan),
      as_of_day_(DayOf(as_of_us)),
      last_day_(DayOf(as_of_us - 1)),
      tail_share_(1.0 - static_cast<double>(as_of_us - as_of_day_ * kDayUs) /
                            static_cast<double>(kDayUs)),
      first_decays_(plan.first_decays().data()),
      decays_(plan.decays().data()) {
  const std::size_t daily = Index(layout.daily);
  std::fill_n(running_.begin(), daily, 0);
  std::fill_n(running_active_.begin(), daily, std::uint16_t{0});
  for (std::size_t k = 0; k < plan.windows().size(); ++k) {
    std::fill_n(tails_[k].begin(), daily, 0);
  }
  std::fill_n(totals_.begin(), Index(layout.totals), 0);
  std::fill_n(last_times_.begin(), Index(layout.last_times), kNever);
  std::fill_n(first_times_.begin(), Index(layout.first_times), kNever);
  std::fill_n(latest_.begin(), Index(layout.last_values), Latest{});
  std::fill_n(decayed_.begin(), plan.decays().size(), 0.0);
  for (std::size_t h = 0; h < plan.half_lives().size(); ++h) {
    const double into_day = 1.0 - tail_share_;
    scales_[h] = std::exp2(-(into_day - 0.5) / plan.half_lives()[h]);
  }
  for (std::size_t slot = 0; slot < Index(layout.distinct); ++slot) {
    std::fill_n(distinct_[slot].begin(), plan.windows().size() + 1,
                RegisterSums{});
    distinct_[slot][0] = RegisterSums::Empty();
  }
}

bool StateWindows::Read(absl::string_view state) {
  if (!state.empty() &&
      !StateDecoder<StateWindows>(state, layout_, *this).Run()) {
    return false;
  }
  Finish();
  return true;
}

void StateWindows::Read(const UserState& state) {
  if (state.newest_day != kNoDay) StateWalk(state, *this).Run();
  Finish();
}

void StateWindows::Finish() {
  KeepTail();
  CloseWindows(std::numeric_limits<int>::min());
  for (std::size_t slot = 0; slot < Index(layout_.distinct); ++slot) {
    for (std::size_t k = 1; k < plan_.windows().size(); ++k) {
      distinct_[slot][k].Add(distinct_[slot][k - 1]);
    }
  }
}

void StateWindows::CloseWindows(int day) {
  const std::size_t daily = Index(layout_.daily);
  const int count = static_cast<int>(plan_.windows().size());
  tail_window_ = -1;
  for (; open_sum_ < count; ++open_sum_) {
    const int tail_day = as_of_day_ - plan_.windows()[Index(open_sum_)];
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
  KeepTail();
  seen_ = day <= as_of_day_;
  counted_ = day <= last_day_ ? 1 : 0;
  if (!seen_) return;
  CloseWindows(day);
  powers_ = plan_.PowersOfAge(as_of_day_ - day);
  days_[Index(day_count_++)] = {day, tile_count_, mask};
}

void StateWindows::KeepTail() {
  if (tail_window_ < 0) return;
  const DayTiles& day = days_[Index(day_count_ - 1)];
  const std::int64_t* tile = &tiles_[Index(day.first_tile)];
  auto& tails = tails_[Index(tail_window_)];
  ForEachSlot(day.mask, [&](int slot) { tails[Index(slot)] = *tile++; });
  tail_window_ = -1;
}

// Inside a register days fall and ranks rise: an entry's windows are those of
// the entry before it and longer ones, so it raises what that one left.
void StateWindows::OnSketch(int slot, const DistinctSketch::Entry& entry,
                            int rank_before) {
  const int first = plan_.FirstWindowOfAge(last_day_ - entry.day);
  distinct_[Index(slot)][Index(first)].Raise(rank_before, entry.rank);
}

int StateWindows::FirstDay(int k) const {
  return last_day_ - plan_.windows()[Index(k)] + 1;
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

double StateWindows::DecayedSum(int d) const {
  return decayed_[Index(d)] *
         scales_[Index(plan_.decays()[Index(d)].half_life)];
}

double StateWindows::Distinct(int k, int slot) const {
  return EstimateDistinct(distinct_[Index(slot)][Index(k)]);
}

}  // namespace tenuto
