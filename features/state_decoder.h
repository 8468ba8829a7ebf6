// Walks the sections of an encoded user state and hands every value to a sink:
// UserState to write, StateWindows to read.
// Thread-safe.
#ifndef TENUTO_FEATURES_STATE_DECODER_H_
#define TENUTO_FEATURES_STATE_DECODER_H_

#include "features/sketch_bytes.h"
#include "features/state_codec.h"
#include "features/state_cursor.h"

namespace tenuto {

// A sink has:
//   OnHeader(applied_through, newest_day), OnTotal(slot, value),
//   OnLastTime(slot, time_us), OnFirstTime(slot, time_us),
//   OnLatest(slot, Latest), OnText(slot, time_us, sequence, text),
//   OnRecent(slot, RecentEntry), OnDay(day, mask), OnTile(slot, value) for the
//   day just given, OnSketch(slot, DistinctSketch::Entry, rank of the entry
//   before it in the same register or 0), in the order of entries().
// Days come newest first. False when the bytes are no state of `layout`.
template <typename Sink>
class StateDecoder {
 public:
  StateDecoder(absl::string_view bytes, const StateLayout& layout, Sink& sink)
      : in_(bytes), layout_(layout), sink_(sink) {}

  bool Run() {
    if (in_.Byte() != kStateFormat) return false;
    const std::uint64_t applied = in_.Varint();
    const std::int64_t newest = in_.Signed();
    if (newest < kFirstDay || newest > kLastDay) return false;
    newest_day_ = static_cast<int>(newest);
    sink_.OnHeader(applied, newest_day_);
    ReadTotals();
    ReadTimes();
    ReadLatest();
    ReadDays();
    ReadSketches();
    return in_.ok() && in_.done();
  }

 private:
  // Times are kept as the distance to the end of the newest day: small numbers.
  std::int64_t Time() {
    return WrappingSubtract((newest_day_ + std::int64_t{1}) * kDayUs,
                            in_.Signed());
  }
  void ReadTotals() {
    ForEachSlot(in_.Mask(layout_.totals),
                [&](int slot) { sink_.OnTotal(slot, in_.Signed()); });
  }
  void ReadTimes() {
    ForEachSlot(in_.Mask(layout_.last_times),
                [&](int slot) { sink_.OnLastTime(slot, Time()); });
    ForEachSlot(in_.Mask(layout_.first_times),
                [&](int slot) { sink_.OnFirstTime(slot, Time()); });
  }
  void ReadLatest() {
    ForEachSlot(in_.Mask(layout_.last_values), [&](int slot) {
      const std::int64_t time_us = Time();
      const std::int64_t sequence = in_.Signed();
      sink_.OnLatest(slot, Latest{time_us, sequence, in_.Signed()});
    });
    ForEachSlot(in_.Mask(layout_.last_texts), [&](int slot) {
      const std::int64_t time_us = Time();
      const std::int64_t sequence = in_.Signed();
      sink_.OnText(slot, time_us, sequence, in_.Text());
    });
    for (int slot = 0; slot < layout_.recents; ++slot) {
      for (int left = in_.Count(kRecentMax); left > 0; --left) {
        const std::int64_t time_us = Time();
        sink_.OnRecent(slot, RecentEntry{time_us, in_.Fixed64()});
      }
    }
  }
  void ReadDays() {
    StateCursor in = in_;  // A copy stays in registers.
    int day = newest_day_ + 1;
    for (int left = in.Count(kHistoryDays); left > 0 && in.ok(); --left) {
      day -= static_cast<int>(in.Count(kHistoryDays)) + 1;
      const SlotMask mask = in.Mask(layout_.daily);
      sink_.OnDay(day, mask);
      ForEachSlot(mask, [&](int slot) { sink_.OnTile(slot, in.Signed()); });
    }
    in_ = in;
  }
  void ReadSketches() {
    StateCursor in = in_;
    for (int slot = 0; slot < layout_.distinct; ++slot) {
      ReadSketch(in, newest_day_, [&](const auto& entry, int rank_before) {
        sink_.OnSketch(slot, entry, rank_before);
      });
    }
    in_ = in;
  }

  static constexpr std::int64_t kFirstDay = -719'162;  // Of year 1.
  static constexpr std::int64_t kLastDay = 2'932'896;  // Of year 9999.
  StateCursor in_;
  const StateLayout& layout_;
  Sink& sink_;
  int newest_day_ = 0;
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_STATE_DECODER_H_
