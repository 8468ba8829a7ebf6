#include "model/grace/worth_rows.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace tenuto {
namespace {

constexpr int kSeed = 20261122;
constexpr int kSheetsTried = 2'000;

float Draw(std::mt19937& random, float low, float high) {
  return low + (high - low) * static_cast<float>(random() % 10'000) / 10'000;
}

int Below(std::mt19937& random, int end) {
  return static_cast<int>(random() % static_cast<unsigned>(end));
}

// 0 and -0 are not the same.
std::uint32_t Bits(float value) { return std::bit_cast<std::uint32_t>(value); }

struct Asked {
  DayRows day;
  std::vector<WorthRow> hits;
  std::vector<WorthRow> next;
  std::vector<WorthRow> out;  // As it is before.
};

std::vector<WorthRow> DrawRows(std::mt19937& random, int count, float low,
                               float high) {
  std::vector<WorthRow> rows(static_cast<std::size_t>(count));
  for (WorthRow& row : rows) {
    for (int lane = 0; lane < WorthRow::kLanes; ++lane) {
      row.lanes[lane] = Draw(random, low, high);
    }
  }
  return rows;
}

Asked DrawAsked(std::mt19937& random) {
  Asked asked;
  DayRows& day = asked.day;
  day.counts_messages = Below(random, 2) == 0;
  day.messages = Below(random, 3) > 0;
  const int left = day.counts_messages ? Below(random, 4) : 0;
  day.contacts = day.messages && !day.counts_messages
                     ? kWaits
                     : kWaits * left + 1 + Below(random, kWaits);
  day.levels = 1 + Below(random, 14);
  day.levels_reached = 1 + Below(random, day.levels);
  day.levels_tried = Below(random, 4) == 0 ? 0 : day.levels - Below(random, 2);
  day.level_ends = {Below(random, 2), 1 + Below(random, 2), 100};
  for (DayRows::Terms& terms : day.terms) {
    terms = {Draw(random, 0.8f, 1), Draw(random, -20, 40), Draw(random, 0, 30),
             Draw(random, 0, 2'000), Draw(random, 0, 90)};
  }
  const int rows = day.contacts * day.levels;
  asked.hits = DrawRows(random, HazardTable::kCounts, 0, 0.4f);
  asked.next = DrawRows(random, rows, -50, 2'000);
  asked.out = DrawRows(random, rows, -50, 2'000);
  day.hits = asked.hits.data();
  return asked;
}

// What one situation is worth under one choice of words.
float Keeps(const Asked& asked, DayRows::Said said, int contact_after,
            int level, int lane) {
  const DayRows& day = asked.day;
  const DayRows::Terms& terms = day.terms[said];
  const auto at = [&](int l, int gap_lane) {
    return asked.next[static_cast<std::size_t>(contact_after * day.levels + l)]
        .lanes[gap_lane];
  };
  const float kept =
      terms.stays * at(level, std::min(lane + 1, WorthRow::kGapMax - 1)) +
      terms.idle;
  if (level >= day.levels_tried) return kept;
  std::size_t count = 0;
  while (level >= day.level_ends[count]) ++count;
  const float fails =
      terms.idle + terms.stays * at(std::min(level + 1, day.levels - 1), 0);
  const float tried =
      (fails - terms.attempt_cost) +
      asked.hits[count].lanes[lane] * (terms.recovery + terms.paid - fails);
  return std::max(kept, tried);
}

float BestOf(const Asked& asked, int contact, int level, int lane) {
  const DayRows& day = asked.day;
  const int wait = contact % kWaits;
  if (wait > 0)
    return Keeps(asked, DayRows::kEarlier, contact - 1, level, lane);
  const float silent = Keeps(asked, DayRows::kNothing, contact, level, lane);
  const bool none_left = day.counts_messages && contact < kWaits;
  if (!day.messages || none_left) return silent;
  const int left = contact / kWaits - (day.counts_messages ? 1 : 0);
  const int told = kWaits * left + kWaits - 1;
  return std::max(silent, Keeps(asked, DayRows::kNow, told, level, lane));
}

// Calls `check` for each row and whether it can be reached.
template <class Check>
void ForEachRow(const DayRows& day, const Check& check) {
  for (int contact = 0; contact < day.contacts; ++contact) {
    for (int level = 0; level < day.levels; ++level) {
      check(contact, level,
            static_cast<std::size_t>(contact * day.levels + level),
            level < day.levels_reached);
    }
  }
}

void CheckKeeps(const RowsArithmetic& rows) {
  std::mt19937 random(kSeed);
  int messages = 0;
  for (int k = 0; k < kSheetsTried; ++k) {
    const Asked asked = DrawAsked(random);
    messages += asked.day.messages ? 1 : 0;
    std::vector<WorthRow> out = asked.out;
    rows.keep(asked.day, asked.next.data(), out.data());
    ForEachRow(
        asked.day, [&](int contact, int level, std::size_t at, bool reached) {
          for (int lane = 0; lane < WorthRow::kGapMax; ++lane) {
            const float expected = reached ? BestOf(asked, contact, level, lane)
                                           : asked.out[at].lanes[lane];
            ASSERT_EQ(Bits(out[at].lanes[lane]), Bits(expected))
                << "sheet " << k << " contact " << contact << " level " << level
                << " lane " << lane;
          }
        });
  }
  EXPECT_GT(messages, kSheetsTried / 2);
}

TEST(WorthRows, KeepTheBestOfWhatOneSituationAfterTheOtherMayDo) {
  const std::vector<RowsArithmetic> all = RowsArithmeticByWidth();
  std::printf("seed %d, %zu widths of registers\n", kSeed, all.size());
  for (std::size_t width = 0; width < all.size(); ++width) {
    SCOPED_TRACE(width);
    CheckKeeps(all[width]);
  }
}

void CheckStepsDown(const RowsArithmetic& rows) {
  std::mt19937 random(kSeed);
  for (int k = 0; k < kSheetsTried; ++k) {
    const Asked asked = DrawAsked(random);
    for (const bool alone : {false, true}) {
      std::vector<WorthRow> out = asked.out;
      rows.step_down(asked.day, asked.next.data(), 7.5f, alone, out.data());
      ForEachRow(asked.day, [&](int, int, std::size_t at, bool reached) {
        for (int lane = 0; lane < WorthRow::kLanes; ++lane) {
          const float before = asked.out[at].lanes[lane];
          const float stepped = asked.next[at].lanes[lane] - 7.5f;
          const float best = alone ? stepped : std::max(before, stepped);
          ASSERT_EQ(Bits(out[at].lanes[lane]), Bits(reached ? best : before))
              << "sheet " << k << " row " << at << " lane " << lane;
        }
      });
    }
  }
}

TEST(WorthRows, StepDownWhereThatIsWorthMoreOrMustBe) {
  const std::vector<RowsArithmetic> all = RowsArithmeticByWidth();
  for (std::size_t width = 0; width < all.size(); ++width) {
    SCOPED_TRACE(width);
    CheckStepsDown(all[width]);
  }
}

}  // namespace
}  // namespace tenuto
