// The bytes of a sliding sketch inside a user state: how many entries, and each
// as 16 bits, 3 of register step (7: the step is one more byte), 6 of rank, 7
// of age in days. Thread-safe.
#ifndef TENUTO_FEATURES_SKETCH_BYTES_H_
#define TENUTO_FEATURES_SKETCH_BYTES_H_

#include <algorithm>
#include <cstdint>

#include "features/distinct_sketch.h"
#include "features/state_codec.h"
#include "features/state_cursor.h"

namespace tenuto {

// Without the entries that are too old to be kept.
inline void WriteSketch(const DistinctSketch& sketch, int newest_day,
                        StateWriter& out) {
  const int oldest = newest_day - kHistoryDays + 1;
  std::uint64_t count = 0;
  for (const auto& entry : sketch.entries()) count += entry.day >= oldest;
  out.Varint(count);
  unsigned reg = 0;
  for (const auto& entry : sketch.entries()) {
    if (entry.day < oldest) continue;
    const unsigned step = entry.reg - reg;
    reg = entry.reg;
    const unsigned bits = std::min(step, 7u) << 13 |
                          static_cast<unsigned>(entry.rank) << 7 |
                          static_cast<unsigned>(newest_day - entry.day);
    out.Byte(static_cast<std::uint8_t>(bits));
    out.Byte(static_cast<std::uint8_t>(bits >> 8));
    if (step >= 7) out.Byte(static_cast<std::uint8_t>(step));
  }
}

// Calls `visit(DistinctSketch::Entry, rank of the entry before it in the same
// register or 0)` in the order of entries(). Whether a register has another
// entry is unpredictable, so nothing branches on it: what is out of order is
// refused at the end.
template <typename Visit>
void ReadSketch(StateCursor& in, int newest_day, Visit visit) {
  constexpr int kEntriesMax = DistinctSketch::kRegisters * 58;
  unsigned reg = 0;
  int rank_before = 0, age_before = -1;
  bool in_order = true;
  for (int left = in.Count(kEntriesMax); left > 0; --left) {
    const unsigned bits = in.Fixed16();
    unsigned step = bits >> 13;
    if (step == 7) [[unlikely]]
      step = in.Byte();
    reg += step;
    const int rank = static_cast<int>(bits >> 7 & 63);
    const int age = static_cast<int>(bits & 127);
    const bool is_older = (rank > rank_before) & (age > age_before);
    in_order &= (rank != 0) & ((step != 0) | is_older);
    const int same = -static_cast<int>(step == 0);  // All bits or none.
    visit(
        DistinctSketch::Entry{
            newest_day - age, static_cast<std::uint8_t>(rank),
            static_cast<std::uint8_t>(reg % DistinctSketch::kRegisters)},
        rank_before & same);
    rank_before = rank;
    age_before = age;
  }
  if (!in_order || reg >= DistinctSketch::kRegisters) in.Refuse();
}

}  // namespace tenuto

#endif  // TENUTO_FEATURES_SKETCH_BYTES_H_
