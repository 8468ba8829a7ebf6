#include "model/grace/worth_rows.h"

#include <algorithm>

#include "features/base/each_width.h"

namespace tenuto {
namespace {

using Lanes = WorthRow::Lanes;

// A day later, by register: a load across two rows just written would wait.
[[gnu::always_inline]] inline void TakeLater(const WorthRow& row,
                                             Lanes& later) {
  static_assert(WorthRow::kGapMax == 15);
  later = __builtin_shufflevector(row.lanes, row.lanes, 1, 2, 3, 4, 5, 6, 7, 8,
                                  9, 10, 11, 12, 13, 14, 14, 14);
}

[[gnu::always_inline]] inline void KeepLarger(const Lanes& other, Lanes& row) {
  row = row > other ? row : other;
}

// All numbers of attempts with one contact.
[[gnu::always_inline]] inline void KeepContact(const DayRows& day,
                                               const DayRows::Terms& terms,
                                               const WorthRow* next,
                                               bool merges, WorthRow* out) {
  std::size_t count = 0;
  for (int level = 0; level < day.levels_reached; ++level) {
    while (level >= day.level_ends[count]) ++count;
    Lanes row;
    TakeLater(next[level], row);
    row = terms.stays * row + terms.idle;
    if (level < day.levels_tried) {
      const int after = std::min(level + 1, day.levels - 1);
      const float fails = terms.idle + terms.stays * next[after].lanes[0];
      const float gain = terms.recovery + terms.paid - fails;
      KeepLarger((fails - terms.attempt_cost) + day.hits[count].lanes * gain,
                 row);
    }
    if (merges) KeepLarger(out[level].lanes, row);
    out[level].lanes = row;
  }
}

}  // namespace

TENUTO_EACH_WIDTH void KeepRows(const DayRows& day, const WorthRow* next,
                                WorthRow* out) {
  for (int contact = 0; contact < day.contacts; ++contact) {
    const int wait = contact % kWaits;
    WorthRow* const to = out + contact * day.levels;
    const int after = contact - (wait > 0 ? 1 : 0);
    KeepContact(day,
                day.terms[wait > 0 ? DayRows::kEarlier : DayRows::kNothing],
                next + after * day.levels, false, to);
    if (wait > 0 || !day.messages) continue;
    if (day.counts_messages && contact < kWaits) continue;
    const int told = contact + kWaits - 1 - (day.counts_messages ? kWaits : 0);
    KeepContact(day, day.terms[DayRows::kNow], next + told * day.levels, true,
                to);
  }
}

TENUTO_EACH_WIDTH void StepDownRows(const DayRows& day, const WorthRow* lower,
                                    float cost, bool alone, WorthRow* out) {
  for (int contact = 0; contact < day.contacts; ++contact) {
    const int begin = contact * day.levels;
    for (int row = begin; row < begin + day.levels_reached; ++row) {
      Lanes kept = lower[row].lanes - cost;
      if (!alone) KeepLarger(out[row].lanes, kept);
      out[row].lanes = kept;
    }
  }
}

}  // namespace tenuto
