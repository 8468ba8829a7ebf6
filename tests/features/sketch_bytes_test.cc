#include "features/sketch_bytes.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/random_events.h"

namespace tenuto {
namespace {

using testing::Draws;

constexpr int kNewest = 20'000;
using Entry = DistinctSketch::Entry;

std::string BytesOf(const DistinctSketch& sketch) {
  std::string bytes;
  {
    StateWriter out(bytes);
    WriteSketch(sketch, kNewest, out);
  }
  return bytes;
}

// Whether they are a sketch's; what was read goes to `entries`.
bool Read(const std::string& bytes, std::vector<Entry>& entries) {
  StateCursor in(bytes);
  Entry before;
  bool told = true;
  ReadSketch(in, kNewest, [&](const Entry& entry, int rank_before) {
    const bool same = before.rank != 0 && before.reg == entry.reg;
    told = told && rank_before == (same ? before.rank : 0);
    entries.push_back(before = entry);
  });
  const bool is_sketch = in.ok() && in.done();
  EXPECT_TRUE(told || !is_sketch) << "another rank before";
  return is_sketch;
}

TEST(SketchBytes, AreReadAsWritten) {
  Draws draws(41);
  for (int round = 0; round < 200; ++round) {
    DistinctSketch sketch;
    const auto count = draws.Between(0, 600);
    for (std::int64_t k = 0; k < count; ++k) {
      sketch.Add(draws.Next(),
                 kNewest - static_cast<int>(draws.Between(0, 100)));
    }
    std::vector<Entry> kept, read;
    for (const Entry& entry : sketch.entries()) {
      if (entry.day > kNewest - kHistoryDays) kept.push_back(entry);
    }
    ASSERT_TRUE(Read(BytesOf(sketch), read)) << "seed 41, round " << round;
    ASSERT_EQ(read, kept) << "seed 41, round " << round;
  }
}

// One entry: a step of the register, a rank, an age.
std::string EntryBytes(unsigned step, unsigned rank, unsigned age) {
  const unsigned bits = std::min(step, 7u) << 13 | rank << 7 | age;
  std::string bytes = {static_cast<char>(bits), static_cast<char>(bits >> 8)};
  if (step >= 7) bytes.push_back(static_cast<char>(step));
  return bytes;
}

TEST(SketchBytes, OutOfOrderAreRefused) {
  std::vector<Entry> read;
  const auto two = [&](const std::string& first, const std::string& second) {
    return Read("\2" + first + second, read);
  };
  const std::string first = EntryBytes(3, 5, 10);
  EXPECT_TRUE(two(first, EntryBytes(0, 6, 11)));  // Older and of higher rank.
  EXPECT_TRUE(two(first, EntryBytes(1, 1, 0)));
  EXPECT_TRUE(two(first, EntryBytes(124, 1, 0)));
  EXPECT_FALSE(two(first, EntryBytes(125, 1, 0))) << "a register too many";
  EXPECT_FALSE(two(first, EntryBytes(255, 1, 0))) << "a register too many";
  EXPECT_FALSE(two(first, EntryBytes(0, 5, 11))) << "of the same rank";
  EXPECT_FALSE(two(first, EntryBytes(0, 6, 10))) << "of the same day";
  EXPECT_FALSE(two(first, EntryBytes(0, 6, 9))) << "younger";
  EXPECT_FALSE(two(first, EntryBytes(0, 4, 11))) << "of a lower rank";
  EXPECT_FALSE(two(first, EntryBytes(1, 0, 11))) << "without a rank";
  EXPECT_FALSE(two(EntryBytes(0, 0, 0), first)) << "without a rank";
}

TEST(SketchBytes, CutOffAreRefused) {
  DistinctSketch sketch;
  Draws draws(42);
  for (int k = 0; k < 60; ++k) sketch.Add(draws.Next(), kNewest - k % 7);
  const std::string bytes = BytesOf(sketch);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    std::vector<Entry> read;
    EXPECT_FALSE(Read(bytes.substr(0, size), read)) << size << " bytes";
  }
}

}  // namespace
}  // namespace tenuto
