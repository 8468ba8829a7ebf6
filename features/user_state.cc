#include "features/user_state.h"

#include <algorithm>

#include "features/sketch_bytes.h"
#include "features/state_codec.h"
#include "features/state_decoder.h"

namespace tenuto {
namespace {

std::size_t Index(int n) { return static_cast<std::size_t>(n); }

int CountOf(absl::Span<const Signal> signals, v1::Keep keep) {
  return static_cast<int>(std::count_if(
      signals.begin(), signals.end(),
      [keep](const Signal& one) { return one.declaration.keep() == keep; }));
}

template <typename Present>
SlotMask MaskOf(int slots, Present present) {
  SlotMask mask{};
  for (int slot = 0; slot < slots; ++slot) {
    if (present(slot))
      mask[Index(slot >> 6)] |= std::uint64_t{1} << (slot & 63);
  }
  return mask;
}

// Most tiles are zero: eight are looked at together.
SlotMask MaskOfNonZero(absl::Span<const std::int64_t> tiles) {
  constexpr std::size_t kTogether = 8;
  SlotMask mask{};
  for (std::size_t at = 0; at < tiles.size(); at += kTogether) {
    const auto some = tiles.subspan(at, kTogether);
    std::int64_t any = 0;
    for (const std::int64_t tile : some) any |= tile;
    if (any == 0) continue;
    for (std::size_t k = 0; k < some.size(); ++k) {
      mask[at >> 6] |= std::uint64_t{some[k] != 0} << ((at + k) & 63);
    }
  }
  return mask;
}

// Writes the sections in the order in which StateDecoder reads them.
class Encoder {
 public:
  Encoder(const UserState& state, const StateLayout& layout, std::string& bytes)
      : state_(state), layout_(layout), out_(bytes) {}

  void Run() {
    out_.Byte(kStateFormat);
    out_.Varint(state_.applied_through);
    out_.Signed(state_.newest_day);
    WriteTotals();
    WriteTimes(state_.last_times);
    WriteTimes(state_.first_times);
    WriteLatest();
    WriteRecents();
    WriteDays();
    for (const DistinctSketch& sketch : state_.sketches) {
      WriteSketch(sketch, state_.newest_day, out_);
    }
  }

 private:
  void Time(std::int64_t us) {
    out_.Signed(
        WrappingSubtract((state_.newest_day + std::int64_t{1}) * kDayUs, us));
  }
  void WriteTotals() {
    const SlotMask mask = MaskOf(layout_.totals, [&](int slot) {
      return state_.totals[Index(slot)] != 0;
    });
    out_.Mask(mask, layout_.totals);
    ForEachSlot(mask,
                [&](int slot) { out_.Signed(state_.totals[Index(slot)]); });
  }
  void WriteTimes(const std::vector<std::int64_t>& times) {
    const int slots = static_cast<int>(times.size());
    const SlotMask mask =
        MaskOf(slots, [&](int slot) { return times[Index(slot)] != kNever; });
    out_.Mask(mask, slots);
    ForEachSlot(mask, [&](int slot) { Time(times[Index(slot)]); });
  }
  void WriteLatest() {
    const SlotMask values = MaskOf(layout_.last_values, [&](int slot) {
      return state_.last_values[Index(slot)].time_us != kNever;
    });
    out_.Mask(values, layout_.last_values);
    ForEachSlot(values, [&](int slot) {
      const Latest& latest = state_.last_values[Index(slot)];
      Time(latest.time_us);
      out_.Signed(latest.sequence);
      out_.Signed(latest.value);
    });
    const SlotMask texts = MaskOf(layout_.last_texts, [&](int slot) {
      return state_.last_texts[Index(slot)].time_us != kNever;
    });
    out_.Mask(texts, layout_.last_texts);
    ForEachSlot(texts, [&](int slot) {
      const LatestText& latest = state_.last_texts[Index(slot)];
      Time(latest.time_us);
      out_.Signed(latest.sequence);
      out_.Text(latest.text);
    });
  }
  void WriteRecents() {
    for (const auto& recent : state_.recents) {
      out_.Varint(recent.size());
      for (const RecentEntry& entry : recent) {
        Time(entry.time_us);
        out_.Fixed64(entry.text_hash);
      }
    }
  }
  void WriteDays() {
    const auto days = state_.days();
    const int oldest = state_.newest_day - kHistoryDays + 1;
    struct Kept {
      int k;
      SlotMask mask;
    };
    std::vector<Kept> kept;
    kept.reserve(days.size());
    for (int k = static_cast<int>(days.size()) - 1; k >= 0; --k) {
      if (days[Index(k)] < oldest) break;
      const SlotMask mask = state_.mask(k);
      if (mask != SlotMask{}) kept.push_back({k, mask});
    }
    out_.Varint(kept.size());
    int newer = state_.newest_day + 1;
    for (const auto& [k, mask] : kept) {
      out_.Varint(static_cast<std::uint64_t>(newer - days[Index(k)] - 1));
      newer = days[Index(k)];
      out_.Mask(mask, layout_.daily);
      const auto tiles = state_.tiles(k);
      ForEachSlot(mask, [&](int slot) { out_.Signed(tiles[Index(slot)]); });
    }
  }

  const UserState& state_;
  const StateLayout& layout_;
  StateWriter out_;
};

}  // namespace

int DayOf(std::int64_t time_us) {
  return static_cast<int>(time_us / kDayUs - (time_us % kDayUs < 0 ? 1 : 0));
}

StateLayout::StateLayout(absl::Span<const Signal> signals)
    : daily(CountOf(signals, v1::KEEP_DAILY_SUM)),
      totals(CountOf(signals, v1::KEEP_TOTAL)),
      last_times(CountOf(signals, v1::KEEP_LAST_TIME)),
      first_times(CountOf(signals, v1::KEEP_FIRST_TIME)),
      last_values(CountOf(signals, v1::KEEP_LAST_VALUE)),
      last_texts(CountOf(signals, v1::KEEP_LAST_TEXT)),
      recents(CountOf(signals, v1::KEEP_RECENT)),
      distinct(CountOf(signals, v1::KEEP_DISTINCT)) {}

UserState::UserState(const StateLayout& layout)
    : totals(Index(layout.totals)),
      last_times(Index(layout.last_times), kNever),
      first_times(Index(layout.first_times), kNever),
      last_values(Index(layout.last_values)),
      last_texts(Index(layout.last_texts)),
      recents(Index(layout.recents)),
      sketches(Index(layout.distinct)),
      layout_(layout) {}

void UserState::Clear() {
  applied_through = 0;
  newest_day = kNoDay;
  std::fill(totals.begin(), totals.end(), 0);
  std::fill(last_times.begin(), last_times.end(), kNever);
  std::fill(first_times.begin(), first_times.end(), kNever);
  std::fill(last_values.begin(), last_values.end(), Latest{});
  std::fill(last_texts.begin(), last_texts.end(), LatestText{});
  for (auto& recent : recents) recent.clear();
  for (DistinctSketch& sketch : sketches) sketch.Clear();
  days_.clear();
  tiles_.clear();
  masks_.clear();
  given_ = kNoTiles;
}

// Fills a UserState from its bytes.
struct UserState::Loader {
  UserState& state;

  void OnHeader(std::uint64_t applied, int newest) {
    state.applied_through = applied;
    state.newest_day = newest;
  }
  void OnTotal(int slot, std::int64_t n) { state.totals[Index(slot)] = n; }
  void OnLastTime(int slot, std::int64_t us) {
    state.last_times[Index(slot)] = us;
  }
  void OnFirstTime(int slot, std::int64_t us) {
    state.first_times[Index(slot)] = us;
  }
  void OnLatest(int slot, const Latest& latest) {
    state.last_values[Index(slot)] = latest;
  }
  void OnText(int slot, std::int64_t us, std::int64_t sequence,
              absl::string_view text) {
    state.last_texts[Index(slot)] = {us, sequence, std::string(text)};
  }
  void OnRecent(int slot, const RecentEntry& entry) {
    state.recents[Index(slot)].push_back(entry);
  }
  void OnDay(int day, const SlotMask& mask) {
    state.days_.push_back(day);
    state.masks_.push_back(mask);
    state.tiles_.resize(state.tiles_.size() + Index(state.layout_.daily));
  }
  void OnTile(int slot, std::int64_t n) {
    (state.tiles_.end() - state.layout_.daily)[slot] = n;
    if (n != 0) return;
    state.masks_.back()[Index(slot >> 6)] &= ~(std::uint64_t{1} << (slot & 63));
  }
  // Days came newest first and are kept rising.
  void Finish() {
    const std::size_t width = Index(state.layout_.daily);
    const std::size_t count = state.days_.size();
    std::reverse(state.days_.begin(), state.days_.end());
    std::reverse(state.masks_.begin(), state.masks_.end());
    for (std::size_t k = 0; k < count / 2; ++k) {
      const auto near = state.tiles_.begin() + static_cast<long>(k * width);
      const auto far =
          state.tiles_.begin() + static_cast<long>((count - 1 - k) * width);
      std::swap_ranges(near, near + static_cast<long>(width), far);
    }
  }
  void OnSketch(int slot, const DistinctSketch::Entry& entry, int) {
    state.sketches[Index(slot)].Append(entry);
  }
};

absl::Status UserState::Decode(absl::string_view bytes) {
  Clear();
  if (bytes.empty()) return absl::OkStatus();
  Loader loader{*this};
  if (!StateDecoder<Loader>(bytes, layout_, loader).Run()) {
    Clear();
    return absl::DataLossError(
        "a user state does not decode; run `tenuto replay --verify`");
  }
  loader.Finish();
  return absl::OkStatus();
}

void UserState::Encode(std::string& bytes) const {
  bytes.clear();
  if (newest_day == kNoDay) return;
  Encoder(*this, layout_, bytes).Run();
}

absl::Span<const std::int64_t> UserState::tiles(int k) const {
  const std::size_t width = Index(layout_.daily);
  return absl::MakeConstSpan(tiles_).subspan(Index(k) * width, width);
}

SlotMask UserState::mask(int k) const {
  return Index(k) == given_ ? MaskOfNonZero(tiles(k)) : masks_[Index(k)];
}

std::int64_t* UserState::Day(int day) {
  if (newest_day != kNoDay && day <= newest_day - kHistoryDays) return nullptr;
  const std::size_t width = Index(layout_.daily);
  if (given_ != kNoTiles) {
    if (days_[given_] == day) return tiles_.data() + given_ * width;
    masks_[given_] = MaskOfNonZero(tiles(static_cast<int>(given_)));
    given_ = kNoTiles;
  }
  auto at = days_.end();
  if (!days_.empty() && days_.back() >= day) {
    at = days_.back() == day
             ? days_.end() - 1
             : std::lower_bound(days_.begin(), days_.end(), day);
    if (*at == day) {
      given_ = static_cast<std::size_t>(at - days_.begin());
      return tiles_.data() + given_ * width;
    }
  } else if (days_.size() >= 2 * kHistoryDays) {
    DropOldDays();
    at = days_.end();
  }
  const std::ptrdiff_t place = at - days_.begin();
  const auto offset = place * static_cast<std::ptrdiff_t>(width);
  given_ = static_cast<std::size_t>(place);
  days_.insert(at, day);
  masks_.insert(masks_.begin() + place, SlotMask{});
  return &*tiles_.insert(tiles_.begin() + offset, width, 0);
}

void UserState::DropOldDays() {
  const auto first = std::lower_bound(days_.begin(), days_.end(),
                                      newest_day - kHistoryDays + 1);
  const auto width = static_cast<std::ptrdiff_t>(layout_.daily);
  tiles_.erase(tiles_.begin(),
               tiles_.begin() + (first - days_.begin()) * width);
  masks_.erase(masks_.begin(), masks_.begin() + (first - days_.begin()));
  days_.erase(days_.begin(), first);
}

void UserState::AddRecent(int slot, const RecentEntry& entry) {
  std::vector<RecentEntry>& recent = recents[Index(slot)];
  const auto at =
      std::lower_bound(recent.begin(), recent.end(), entry, std::greater<>());
  recent.insert(at, entry);
  if (recent.size() > kRecentMax) recent.pop_back();
}

std::uint64_t AppliedThrough(absl::string_view state) {
  if (state.empty()) return 0;
  StateCursor in(state);
  in.Byte();
  return in.Varint();
}

}  // namespace tenuto
