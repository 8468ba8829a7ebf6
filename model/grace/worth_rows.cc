#include "model/grace/worth_rows.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace tenuto {
namespace {

// A row in registers that are kWidth floats wide. A wider vector than a machine
// has registers for would go through memory, float by float.
template <int kWidth>
struct Row {
  typedef float Part __attribute__((vector_size(sizeof(float) * kWidth)));
  static constexpr int kParts = WorthRow::kLanes / kWidth;
  Part parts[kParts];
};

template <int kWidth>
[[gnu::always_inline]] inline void Load(const WorthRow& from,
                                        Row<kWidth>& row) {
  for (int part = 0; part < Row<kWidth>::kParts; ++part) {
    std::memcpy(&row.parts[part], from.lanes + part * kWidth,
                sizeof row.parts[part]);
  }
}

template <int kWidth>
[[gnu::always_inline]] inline void Store(const Row<kWidth>& row, WorthRow& to) {
  for (int part = 0; part < Row<kWidth>::kParts; ++part) {
    std::memcpy(to.lanes + part * kWidth, &row.parts[part],
                sizeof row.parts[part]);
  }
}

// A day later, by register: a load across two rows just written would wait.
template <int kWidth>
[[gnu::always_inline]] inline void TakeLater(Row<kWidth>& row) {
  static_assert(WorthRow::kGapMax == 15);
  constexpr int kLast = Row<kWidth>::kParts - 1;
  if constexpr (kWidth == 16) {
    row.parts[0] =
        __builtin_shufflevector(row.parts[0], row.parts[0], 1, 2, 3, 4, 5, 6, 7,
                                8, 9, 10, 11, 12, 13, 14, 14, 14);
  } else if constexpr (kWidth == 8) {
    row.parts[0] = __builtin_shufflevector(row.parts[0], row.parts[kLast], 1, 2,
                                           3, 4, 5, 6, 7, 8);
    row.parts[kLast] = __builtin_shufflevector(
        row.parts[kLast], row.parts[kLast], 1, 2, 3, 4, 5, 6, 6, 6);
  } else {
    static_assert(kWidth == 4);
    for (int part = 0; part < kLast; ++part) {
      row.parts[part] = __builtin_shufflevector(
          row.parts[part], row.parts[part + 1], 1, 2, 3, 4);
    }
    row.parts[kLast] =
        __builtin_shufflevector(row.parts[kLast], row.parts[kLast], 1, 2, 2, 2);
  }
}

template <int kWidth>
[[gnu::always_inline]] inline void KeepLarger(const WorthRow& other,
                                              Row<kWidth>& row) {
  Row<kWidth> loaded;
  Load(other, loaded);
  for (int part = 0; part < Row<kWidth>::kParts; ++part) {
    const auto& one = loaded.parts[part];
    row.parts[part] = row.parts[part] > one ? row.parts[part] : one;
  }
}

// All numbers of attempts with one contact.
template <int kWidth>
[[gnu::always_inline]] inline void KeepContact(const DayRows& day,
                                               const DayRows::Terms& terms,
                                               const WorthRow* next,
                                               bool merges, WorthRow* out) {
  constexpr int kParts = Row<kWidth>::kParts;
  std::size_t count = 0;
  for (int level = 0; level < day.levels_reached; ++level) {
    while (level >= day.level_ends[count]) ++count;
    Row<kWidth> row;
    Load(next[level], row);
    TakeLater(row);
    for (int part = 0; part < kParts; ++part) {
      row.parts[part] = terms.stays * row.parts[part] + terms.idle;
    }
    if (level < day.levels_tried) {
      const int after = std::min(level + 1, day.levels - 1);
      const float fails = terms.idle + terms.stays * next[after].lanes[0];
      const float gain = terms.recovery + terms.paid - fails;
      Row<kWidth> hits;
      Load(day.hits[count], hits);
      for (int part = 0; part < kParts; ++part) {
        const auto tried =
            (fails - terms.attempt_cost) + hits.parts[part] * gain;
        row.parts[part] = row.parts[part] > tried ? row.parts[part] : tried;
      }
    }
    if (merges) KeepLarger(out[level], row);
    Store(row, out[level]);
  }
}

template <int kWidth>
[[gnu::always_inline]] inline void KeepWith(const DayRows& day,
                                            const WorthRow* next,
                                            WorthRow* out) {
  for (int contact = 0; contact < day.contacts; ++contact) {
    const int wait = contact % kWaits;
    WorthRow* const to = out + contact * day.levels;
    const int after = contact - (wait > 0 ? 1 : 0);
    KeepContact<kWidth>(
        day, day.terms[wait > 0 ? DayRows::kEarlier : DayRows::kNothing],
        next + after * day.levels, false, to);
    if (wait > 0 || !day.messages) continue;
    if (day.counts_messages && contact < kWaits) continue;
    const int told = contact + kWaits - 1 - (day.counts_messages ? kWaits : 0);
    KeepContact<kWidth>(day, day.terms[DayRows::kNow], next + told * day.levels,
                        true, to);
  }
}

template <int kWidth>
[[gnu::always_inline]] inline void StepDownWith(const DayRows& day,
                                                const WorthRow* lower,
                                                float cost, bool alone,
                                                WorthRow* out) {
  for (int contact = 0; contact < day.contacts; ++contact) {
    const int begin = contact * day.levels;
    for (int row = begin; row < begin + day.levels_reached; ++row) {
      Row<kWidth> kept;
      Load(lower[row], kept);
      for (int part = 0; part < Row<kWidth>::kParts; ++part) {
        kept.parts[part] = kept.parts[part] - cost;
      }
      if (!alone) KeepLarger(out[row], kept);
      Store(kept, out[row]);
    }
  }
}

#if defined(__x86_64__)
[[gnu::target("avx2")]] void StepDownWith8(const DayRows& day,
                                           const WorthRow* lower, float cost,
                                           bool alone, WorthRow* out) {
  StepDownWith<8>(day, lower, cost, alone, out);
}
[[gnu::target("avx512f")]] void StepDownWith16(const DayRows& day,
                                               const WorthRow* lower,
                                               float cost, bool alone,
                                               WorthRow* out) {
  StepDownWith<16>(day, lower, cost, alone, out);
}
[[gnu::target("avx2")]] void KeepWith8(const DayRows& day, const WorthRow* next,
                                       WorthRow* out) {
  KeepWith<8>(day, next, out);
}
[[gnu::target("avx512f")]] void KeepWith16(const DayRows& day,
                                           const WorthRow* next,
                                           WorthRow* out) {
  KeepWith<16>(day, next, out);
}
#endif

const RowsArithmetic& Widest() {
  static const RowsArithmetic widest = RowsArithmeticByWidth().back();
  return widest;
}

}  // namespace

std::vector<RowsArithmetic> RowsArithmeticByWidth() {
  std::vector<RowsArithmetic> all = {{KeepWith<4>, StepDownWith<4>}};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) {
    all.push_back({KeepWith8, StepDownWith8});
  }
  if (__builtin_cpu_supports("avx512f")) {
    all.push_back({KeepWith16, StepDownWith16});
  }
#endif
  return all;
}

void KeepRows(const DayRows& day, const WorthRow* next, WorthRow* out) {
  Widest().keep(day, next, out);
}

void StepDownRows(const DayRows& day, const WorthRow* lower, float cost,
                  bool alone, WorthRow* out) {
  Widest().step_down(day, lower, cost, alone, out);
}

}  // namespace tenuto
