// Hands every value of a user state that is in memory to a sink, as
// StateDecoder (state_decoder.h) does from the bytes that Encode() writes: who
// folds and reads again and again, as a replay does, needs no bytes between.
// Not thread-safe: reading a state puts its sketches in order.
#ifndef TENUTO_FEATURES_STATE_WALK_H_
#define TENUTO_FEATURES_STATE_WALK_H_

#include "features/state_codec.h"
#include "features/user_state.h"

namespace tenuto {

// The sink is one of StateDecoder; a state of no event gives it nothing.
template <typename Sink>
class StateWalk {
 public:
  StateWalk(const UserState& state, Sink& sink)
      : state_(state),
        sink_(sink),
        oldest_day_(state.newest_day - kHistoryDays + 1) {}

  void Run() {
    sink_.OnHeader(state_.applied_through, state_.newest_day);
    VisitSlots(state_.totals, [&](int slot, std::int64_t n) {
      if (n != 0) sink_.OnTotal(slot, n);
    });
    VisitSlots(state_.last_times, [&](int slot, std::int64_t us) {
      if (us != kNever) sink_.OnLastTime(slot, us);
    });
    VisitSlots(state_.first_times, [&](int slot, std::int64_t us) {
      if (us != kNever) sink_.OnFirstTime(slot, us);
    });
    VisitSlots(state_.last_values, [&](int slot, const Latest& latest) {
      if (latest.time_us != kNever) sink_.OnLatest(slot, latest);
    });
    VisitSlots(state_.last_texts, [&](int slot, const LatestText& latest) {
      if (latest.time_us == kNever) return;
      sink_.OnText(slot, latest.time_us, latest.sequence, latest.text);
    });
    VisitSlots(state_.recents, [&](int slot, const auto& entries) {
      for (const RecentEntry& entry : entries) sink_.OnRecent(slot, entry);
    });
    VisitDays();
    VisitSlots(state_.sketches, [&](int slot, const DistinctSketch& sketch) {
      VisitSketch(slot, sketch);
    });
  }

 private:
  template <typename Values, typename Visit>
  static void VisitSlots(const Values& values, Visit visit) {
    int slot = 0;
    for (const auto& value : values) visit(slot++, value);
  }

  void VisitDays() {
    const auto days = state_.days();
    for (int k = static_cast<int>(days.size()) - 1; k >= 0; --k) {
      const int day = days[static_cast<std::size_t>(k)];
      if (day < oldest_day_) break;
      const SlotMask mask = state_.mask(k);
      if (mask == SlotMask{}) continue;
      sink_.OnDay(day, mask);
      const auto tiles = state_.tiles(k);
      ForEachSlot(mask, [&](int slot) {
        sink_.OnTile(slot, tiles[static_cast<std::size_t>(slot)]);
      });
    }
  }

  void VisitSketch(int slot, const DistinctSketch& sketch) {
    DistinctSketch::Entry before;
    for (const DistinctSketch::Entry& entry : sketch.entries()) {
      if (entry.day < oldest_day_) continue;
      sink_.OnSketch(slot, entry, entry.reg == before.reg ? before.rank : 0);
      before = entry;
    }
  }

  const UserState& state_;
  Sink& sink_;
  const int oldest_day_;
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_STATE_WALK_H_
