#include "training/importers/neighbour_times.h"

#include <algorithm>
#include <random>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tenuto {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

constexpr std::int64_t kDayUs = 86'400'000'000;

std::int64_t Day(std::int64_t day) { return (10'000 + day) * kDayUs; }

// As an import does it: decides each when `around` are read behind it.
std::vector<bool> Decide(const std::vector<std::int64_t>& times_us,
                         std::int64_t gap_max_days = 730,
                         std::size_t around = 64) {
  NeighbourTimes times(absl::Hours(24 * gap_max_days), around, {});
  std::vector<bool> decided;
  std::size_t waiting = 0;
  const auto decide = [&] {
    decided.push_back(
        times.AdmitFirst(static_cast<std::int64_t>(decided.size())));
    --waiting;
  };
  for (const std::int64_t time_us : times_us) {
    times.Append(time_us);
    if (++waiting > around) decide();
  }
  while (waiting > 0) decide();
  return decided;
}

TEST(NeighbourTimes, RefusesAnAbsurdTimeWhereverItStands) {
  for (const std::size_t at : {0u, 1u, 150u, 298u, 299u}) {
    for (const std::int64_t absurd_day : {-9'000, 2'500}) {
      std::vector<std::int64_t> times(300, Day(0));
      times[at] = Day(absurd_day);
      std::vector<bool> expected(300, true);
      expected[at] = false;
      EXPECT_EQ(Decide(times), expected) << at << " " << absurd_day;
    }
  }
}

TEST(NeighbourTimes, AdmitsWhatIsWithinTheGapToTheDay) {
  const std::vector<std::int64_t> head(50, Day(0));
  for (const std::int64_t sign : {-1, 1}) {
    std::vector<std::int64_t> times = head;
    times.push_back(Day(30 * sign));
    times.push_back(Day(60 * sign + sign));  // From the line before: 31.
    const std::vector<bool> decided = Decide(times, 30);
    EXPECT_TRUE(decided[50]);
    EXPECT_FALSE(decided[51]);
  }
}

TEST(NeighbourTimes, AdmitsALogThatPausesForYears) {
  std::vector<std::int64_t> times(200, Day(0));
  times.insert(times.end(), 200, Day(4'000));
  EXPECT_THAT(Decide(times), Each(true));
}

TEST(NeighbourTimes, RefusesAFewThatAreAbsurdTogether) {
  std::vector<std::int64_t> times(200, Day(0));
  std::fill_n(times.begin() + 90, 5, Day(-9'000));
  const std::vector<bool> decided = Decide(times);
  EXPECT_EQ(std::count(decided.begin(), decided.end(), false), 5);
}

TEST(NeighbourTimes, AdmitsASmallFileOfTwoUsersYearsApart) {
  std::vector<std::int64_t> times(5, Day(0));
  times.insert(times.end(), 5, Day(1'500));
  EXPECT_THAT(Decide(times), Each(true));
}

// A clock 60 days ahead is near enough to be admitted, and makes nothing late.
TEST(NeighbourTimes, LetsNoSingleTimeSayWhatWasKnown) {
  NeighbourTimes judge(absl::Hours(24 * 730), 64, {});
  std::vector<std::int64_t> times;
  for (int line = 0; line < 200; ++line) times.push_back(Day(line / 10));
  times[100] = Day(70);
  for (const std::int64_t time : times) judge.Append(time);
  std::int64_t known = 0;
  for (std::size_t line = 0; line < times.size(); ++line) {
    ASSERT_TRUE(judge.AdmitFirst(static_cast<std::int64_t>(line)));
    EXPECT_GE(judge.admitted().known_us, known) << "it never falls";
    known = judge.admitted().known_us;
    EXPECT_LE(known, Day(19)) << "line " << line;
    if (line < 190) {
      EXPECT_GE(known, Day(static_cast<int>(line) / 10) - Day(1) + Day(0));
    }
  }
  EXPECT_EQ(judge.admitted().latest_us, Day(70));
}

TEST(NeighbourTimes, AdmitsALineThatStandsAlone) {
  EXPECT_THAT(Decide({Day(0)}), ElementsAre(true));
}

TEST(NeighbourTimes, AdmitsEveryTimeOfAFileSortedByUser) {
  const std::uint32_t seed = std::random_device()();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  std::mt19937 random(seed);
  std::vector<std::int64_t> times;
  for (int user = 0; user < 300; ++user) {
    std::vector<std::int64_t> of_user(1 + random() % 30);
    for (std::int64_t& time : of_user) time = Day(random() % (3 * 365));
    std::sort(of_user.begin(), of_user.end());
    times.insert(times.end(), of_user.begin(), of_user.end());
  }
  EXPECT_THAT(Decide(times, 730, 256), Each(true));
}

TEST(NeighbourTimes, GoesOnFromWhatWasAdmittedAsIfNeverStopped) {
  const std::uint32_t seed = std::random_device()();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 50; ++round) {
    std::vector<std::int64_t> times(200);
    for (std::int64_t& time : times) {
      time = Day(random() % 20 == 0 ? random() % 9'000 : random() % 300);
    }
    const auto decide = [&](std::size_t stop_at) {
      constexpr std::size_t kAround = 32;
      NeighbourTimes judge(absl::Hours(24 * 200), kAround, {});
      std::vector<bool> decided;
      std::size_t read = 0;
      while (decided.size() < times.size()) {
        if (decided.size() == stop_at) {
          judge =
              NeighbourTimes(absl::Hours(24 * 200), kAround, judge.admitted());
          read = stop_at;
        }
        const std::size_t ahead =
            std::min(times.size(), decided.size() + kAround + 1);
        for (; read < ahead; ++read) judge.Append(times[read]);
        decided.push_back(
            judge.AdmitFirst(static_cast<std::int64_t>(decided.size())));
      }
      return decided;
    };
    const std::vector<bool> whole = decide(times.size());
    EXPECT_EQ(whole, Decide(times, 200, 32));
    EXPECT_EQ(decide(random() % times.size()), whole);
  }
}

}  // namespace
}  // namespace tenuto
