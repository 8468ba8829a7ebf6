#include "features/seen_events.h"

#include <cstdint>
#include <string>

#include "gtest/gtest.h"
#include "tests/support/random_events.h"

namespace tenuto {
namespace {

std::string MarkOn(int day, std::uint64_t hash) {
  std::string mark = {static_cast<char>(day & 255),
                      static_cast<char>(day >> 8)};
  for (int k = 0; k < 8; ++k) {
    mark.push_back(static_cast<char>(hash >> (8 * k) & 255));
  }
  return mark;
}

TEST(AppendMark, WritesDayAndHashLittleEndian) {
  std::string mark;
  AppendMark(19'000, 0x0123456789abcdef, mark);
  EXPECT_EQ(mark, MarkOn(19'000, 0x0123456789abcdef));
}

// R8 "duplicates": marks are kept for 35 days.
TEST(MergeMarks, DropsWhatIsOlderThanThirtyFiveDays) {
  const std::string old = MarkOn(19'000, 1);
  EXPECT_EQ(MergeMarks(old, MarkOn(19'035, 2)), old + MarkOn(19'035, 2));
  EXPECT_EQ(MergeMarks(old, MarkOn(19'036, 2)), MarkOn(19'036, 2));
  EXPECT_EQ(MergeMarks(MarkOn(19'036, 2), old), MarkOn(19'036, 2));
  EXPECT_EQ(MergeMarks("", ""), "");
}

TEST(MergeMarks, GivesTheSameHoweverItIsBracketed) {
  testing::Draws draws(62);
  for (int round = 0; round < 500; ++round) {
    std::string parts[3];
    for (std::string& part : parts) {
      for (int k = 0; k < 4; ++k) {
        part += MarkOn(static_cast<int>(draws.Between(19'000, 19'080)),
                       draws.Next());
      }
    }
    EXPECT_EQ(MergeMarks(MergeMarks(parts[0], parts[1]), parts[2]),
              MergeMarks(parts[0], MergeMarks(parts[1], parts[2])))
        << "seed 62, round " << round;
  }
}

// The hash table remembers what the merged marks on the disk say.
TEST(SeenEvents, RemembersWhatMergedMarksHold) {
  testing::Draws draws(63);
  for (int round = 0; round < 100; ++round) {
    SeenEvents seen;
    std::string marks;
    std::int64_t day = 19'000;
    for (int step = 0; step < 30; ++step) {
      day += draws.Between(-1, 9);
      std::string added;
      for (int k = 0; k < 3; ++k) {
        // Ids that expired come again.
        AppendMark(static_cast<int>(day),
                   static_cast<std::uint64_t>(draws.Between(1, 60)), added);
      }
      marks = MergeMarks(marks, added);
      seen.Add(added);
      SeenEvents loaded;
      loaded.Add(marks);
      for (std::uint64_t hash = 1; hash <= 60; ++hash) {
        ASSERT_EQ(seen.Contains(hash), loaded.Contains(hash))
            << "seed 63, round " << round << ", step " << step;
      }
      ASSERT_EQ(seen.size(), loaded.size());
    }
  }
}

}  // namespace
}  // namespace tenuto
