#include "training/time_split.h"

#include <algorithm>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/random_events.h"

namespace tenuto {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr absl::Duration kDay = absl::Hours(24);

absl::Time Day(int day) {
  return absl::FromUnixSeconds(1'735'689'600) + day * kDay;
}

TEST(PlanSnapshots, KeepsThoseWhoseHorizonEndsInsideTheLog) {
  EXPECT_THAT(PlanSnapshots(Day(7), 7 * kDay, 14 * kDay, Day(35)),
              ElementsAre(Day(7), Day(14), Day(21)));
  EXPECT_THAT(PlanSnapshots(Day(7), 7 * kDay, 14 * kDay,
                            Day(35) - absl::Microseconds(1)),
              ElementsAre(Day(7), Day(14)));
  EXPECT_TRUE(PlanSnapshots(Day(7), 7 * kDay, 14 * kDay, Day(20)).empty());
}

TEST(BusySnapshots, LeavesOutDaysInWhichThereIsNobody) {
  const std::int64_t first = absl::ToUnixSeconds(Day(0)) / 86'400;
  std::map<std::int64_t, std::int64_t> events;
  for (int day = 0; day < 60; ++day) events[first + day] = 100 + day % 7;
  events[first + 300] = 1;  // A clock that ran ahead.
  const std::vector<absl::Time> snapshots =
      PlanSnapshots(Day(7), 7 * kDay, 14 * kDay, Day(301));
  const auto busy = BusySnapshots(snapshots, 14 * kDay, events);
  EXPECT_EQ(busy, PlanSnapshots(Day(7), 7 * kDay, 14 * kDay, Day(60)))
      << "as without it";
  EXPECT_TRUE(BusySnapshots(snapshots, 14 * kDay, {}).empty());
}

void ExpectLawful(const std::vector<absl::Time>& snapshots,
                  const SplitOptions& options,
                  const std::vector<SplitWindow>& plan) {
  std::vector<absl::Time> tested;
  for (const SplitWindow& window : plan) {
    ASSERT_FALSE(window.train.empty());
    ASSERT_FALSE(window.calibrate.empty());
    ASSERT_FALSE(window.test.empty());
    for (const auto* times : {&window.train, &window.calibrate, &window.test}) {
      EXPECT_TRUE(std::is_sorted(times->begin(), times->end()));
    }
    EXPECT_LT(window.train.back(), window.calibrate.front());
    // The embargo: every label that is learned from closed before the test.
    EXPECT_LE(window.calibrate.back() + options.horizon, window.test.front());
    EXPECT_EQ(window.known_by,
              options.train_before.value_or(window.test.front()));
    EXPECT_LE(window.known_by, window.test.front());
    // Nothing that may be learned from is left out.
    for (const absl::Time t : snapshots) {
      const bool learned =
          std::count(window.train.begin(), window.train.end(), t) +
              std::count(window.calibrate.begin(), window.calibrate.end(), t) ==
          1;
      EXPECT_EQ(learned, t + options.horizon <= window.known_by);
    }
    tested.insert(tested.end(), window.test.begin(), window.test.end());
  }
  // Windows follow one another: each test snapshot counts once.
  EXPECT_TRUE(
      std::equal(tested.begin(), tested.end(),
                 snapshots.end() - static_cast<std::ptrdiff_t>(tested.size())));
  if (options.test_from) {
    EXPECT_GE(tested.front(), *options.test_from);
    const std::size_t earlier = snapshots.size() - tested.size();
    if (earlier > 0) {
      EXPECT_LT(snapshots[earlier - 1], *options.test_from);
    }
  }
}

TEST(PlanSplit, NeverLearnsFromALabelThatIsOpenWhenTheTestBegins) {
  constexpr std::uint64_t kSeed = 41;
  SCOPED_TRACE(kSeed);
  testing::Draws draws(kSeed);
  int planned = 0;
  for (int k = 0; k < 2000; ++k) {
    const auto draw = [&](int from, int to) {
      return static_cast<int>(draws.Between(from, to));
    };
    SplitOptions options;
    options.horizon = draw(1, 30) * kDay;
    options.windows = draw(1, 6);
    const int end = draw(10, 400);
    if (draws.Chance(0.4)) options.test_from = Day(draw(0, end));
    if (draws.Chance(0.4)) options.train_before = Day(draw(0, end));
    const std::vector<absl::Time> snapshots = PlanSnapshots(
        Day(draw(0, 20)), draw(1, 14) * kDay, options.horizon, Day(end));
    const auto plan = PlanSplit(snapshots, options);
    if (!plan.ok()) {
      EXPECT_EQ(plan.status().code(), absl::StatusCode::kInvalidArgument);
      continue;
    }
    if (options.train_before && options.test_from) {
      EXPECT_LE(*options.train_before, *options.test_from);
    }
    ++planned;
    ASSERT_LE(plan->size(), static_cast<std::size_t>(options.windows));
    ExpectLawful(snapshots, options, *plan);
    if (HasFailure()) FAIL() << "case " << k;
  }
  EXPECT_GT(planned, 500);
}

TEST(PlanSplit, TestsOnTheLatestByDefault) {
  SplitOptions options;
  options.horizon = 7 * kDay;
  const auto snapshots =
      PlanSnapshots(Day(0), 7 * kDay, options.horizon, Day(7 * 20));
  ASSERT_EQ(snapshots.size(), 20u);
  const auto plan = PlanSplit(snapshots, options);
  ASSERT_TRUE(plan.ok()) << plan.status();
  ASSERT_EQ(plan->size(), 3u);
  EXPECT_EQ(plan->front().test.front(), snapshots[11]);
  EXPECT_EQ(plan->back().test.back(), snapshots[19]);
  EXPECT_EQ(plan->front().train.size() + plan->front().calibrate.size(), 11u);
  EXPECT_EQ(plan->front().calibrate.size(), 3u) << "a quarter, rounded";
}

TEST(PlanSplit, SaysWhichFlagHelpsWhenThereIsNothingToTest) {
  SplitOptions options;
  options.horizon = 14 * kDay;
  EXPECT_THAT(std::string(PlanSplit({}, options).status().message()),
              HasSubstr("0 snapshots have a whole label horizon"));
  options.test_from = Day(500);
  const auto late = PlanSplit({Day(7), Day(14)}, options);
  EXPECT_EQ(late.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(late.status().message()),
              HasSubstr("none of them from 2026-05-16"));
  EXPECT_THAT(std::string(late.status().message()),
              HasSubstr("earlier --test-from or --first-snapshot"));
}

TEST(PlanSplit, RefusesToLearnFromWhatWasKnownAfterTheTestBegan) {
  SplitOptions options;
  options.horizon = 7 * kDay;
  options.test_from = Day(70);
  options.train_before = Day(71);
  const auto snapshots =
      PlanSnapshots(Day(0), 7 * kDay, options.horizon, Day(7 * 20));
  const auto plan = PlanSplit(snapshots, options);
  EXPECT_EQ(plan.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(std::string(plan.status().message()),
            "--train-before 2025-03-13 is later than --test-from 2025-03-12: "
            "what is learned must be known before the test begins; give "
            "--train-before 2025-03-12 or earlier, or a later --test-from");
  options.train_before = Day(70);
  EXPECT_TRUE(PlanSplit(snapshots, options).ok());
}

TEST(PlanSplit, TestsNothingBeforeTheEndOfLearning) {
  SplitOptions options;
  options.horizon = 7 * kDay;
  options.train_before = Day(7 * 15);
  const auto snapshots =
      PlanSnapshots(Day(0), 7 * kDay, options.horizon, Day(7 * 20));
  const auto plan = PlanSplit(snapshots, options);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->front().test.front(), Day(7 * 15)) << "default: 7 * 11";
}

TEST(PlanSplit, NamesTheMomentByWhichLabelsMustBeKnown) {
  SplitOptions options;
  options.horizon = 14 * kDay;
  options.test_from = Day(40);
  options.train_before = Day(22) + absl::Hours(6);
  const auto plan = PlanSplit({Day(7), Day(14), Day(40)}, options);
  EXPECT_THAT(std::string(plan.status().message()),
              HasSubstr("only 1 snapshots have known labels before "
                        "2025-01-23T06:00:00Z for the test from 2025-02-10"));
}

TEST(PlanSplit, SaysWhichFlagHelpsWhenThereIsTooLittleToLearn) {
  SplitOptions options;
  options.horizon = 14 * kDay;
  options.test_from = Day(21);
  const auto plan = PlanSplit({Day(7), Day(14), Day(21)}, options);
  EXPECT_EQ(plan.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(
      std::string(plan.status().message()),
      HasSubstr("only 1 snapshots have known labels before 2025-01-22"));
  EXPECT_THAT(std::string(plan.status().message()),
              HasSubstr("--first-snapshot"));
}

}  // namespace
}  // namespace tenuto
