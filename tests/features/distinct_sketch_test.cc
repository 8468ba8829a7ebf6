#include "features/distinct_sketch.h"

#include <algorithm>
#include <array>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/support/random_events.h"

namespace tenuto {
namespace {

using testing::Draws;

constexpr int kRegisters = DistinctSketch::kRegisters;
using Ranks = std::array<std::uint8_t, kRegisters>;

struct Addition {
  std::uint64_t hash;
  int day;
};

std::vector<Addition> RandomAdditions(Draws& draws, int count, int different) {
  std::vector<std::uint64_t> hashes(static_cast<std::size_t>(different));
  for (std::uint64_t& hash : hashes) hash = draws.Next();
  std::vector<Addition> additions;
  for (int k = 0; k < count; ++k) {
    additions.push_back({hashes[draws.Next() % hashes.size()],
                         static_cast<int>(draws.Between(0, 91))});
  }
  return additions;
}

DistinctSketch SketchOf(const std::vector<Addition>& additions) {
  DistinctSketch sketch;
  for (const Addition& a : additions) sketch.Add(a.hash, a.day);
  return sketch;
}

Ranks WindowRanks(const DistinctSketch& sketch, int from_day) {
  Ranks ranks{};
  for (const auto& entry : sketch.entries()) {
    if (entry.day < from_day) continue;
    ranks[entry.reg] = std::max(ranks[entry.reg], entry.rank);
  }
  return ranks;
}

// HyperLogLog as in the article, of the additions from a day on.
Ranks PlainRanks(const std::vector<Addition>& additions, int from_day) {
  Ranks ranks{};
  for (const Addition& a : additions) {
    if (a.day < from_day) continue;
    std::uint8_t rank = 1;
    for (int bit = 56; bit >= 0 && !(a.hash >> bit & 1); --bit) ++rank;
    std::uint8_t& highest = ranks[a.hash >> 57];
    highest = std::max(highest, rank);
  }
  return ranks;
}

TEST(DistinctSketch, HoldsTheSameWhateverTheOrder) {
  Draws draws(21);
  for (int round = 0; round < 30; ++round) {
    auto additions = RandomAdditions(draws, 400, 150);
    const DistinctSketch sketch = SketchOf(additions);
    draws.Shuffle(additions);
    EXPECT_EQ(SketchOf(additions).entries(), sketch.entries())
        << "seed 21, round " << round;
  }
}

TEST(DistinctSketch, EqualsAPlainOneForEveryWindow) {
  Draws draws(22);
  for (int round = 0; round < 20; ++round) {
    const auto additions = RandomAdditions(draws, 600, 300);
    const DistinctSketch sketch = SketchOf(additions);
    for (int from = 0; from <= 92; ++from) {
      ASSERT_EQ(WindowRanks(sketch, from), PlainRanks(additions, from))
          << "seed 22, round " << round << ", from day " << from;
    }
  }
}

TEST(DistinctSketch, KeepsOnlyEntriesThatSomeWindowNeeds) {
  Draws draws(23);
  const DistinctSketch sketch = SketchOf(RandomAdditions(draws, 20'000, 5000));
  const auto entries = sketch.entries();
  for (std::size_t k = 1; k < entries.size(); ++k) {
    if (entries[k - 1].reg != entries[k].reg) {
      EXPECT_LT(entries[k - 1].reg, entries[k].reg);
      continue;
    }
    EXPECT_GT(entries[k - 1].day, entries[k].day);
    EXPECT_LT(entries[k - 1].rank, entries[k].rank);
  }
  EXPECT_LT(entries.size(), 1024u) << "room of a reader, a signal";
}

// Read after every few additions, as commits do, or only once: few that were
// gathered go another way into their place than many.
TEST(DistinctSketch, HoldsTheSameHoweverOftenItIsRead) {
  Draws draws(25);
  for (const std::size_t often : {1u, 5u, 7u, 100u}) {
    auto additions = RandomAdditions(draws, 2000, 700);
    // Mostly in order, as events come, and some late.
    std::stable_sort(
        additions.begin(), additions.end() - 200,
        [](const auto& a, const auto& b) { return a.day < b.day; });
    DistinctSketch sketch;
    for (std::size_t k = 0; k < additions.size(); ++k) {
      sketch.Add(additions[k].hash, additions[k].day);
      if (k % often == 0) sketch.entries();
    }
    EXPECT_EQ(sketch.entries(), SketchOf(additions).entries())
        << "seed 25, read after every " << often;
    for (int from = 0; from <= 92; from += 7) {
      ASSERT_EQ(WindowRanks(sketch, from), PlainRanks(additions, from));
    }
  }
}

TEST(DistinctSketch, IsEmptyOnceCleared) {
  DistinctSketch sketch;
  sketch.Add(7, 1);
  sketch.Clear();
  EXPECT_TRUE(sketch.entries().empty());
}

TEST(DistinctSketch, TakesTheRarestHashes) {
  DistinctSketch sketch;
  sketch.Add(0, 3);
  sketch.Add(~std::uint64_t{0}, 3);
  ASSERT_EQ(sketch.entries().size(), 2u);
  EXPECT_EQ(sketch.entries()[0], (DistinctSketch::Entry{3, 58, 0}));
  EXPECT_EQ(sketch.entries()[1], (DistinctSketch::Entry{3, 1, 127}));
}

}  // namespace
}  // namespace tenuto
