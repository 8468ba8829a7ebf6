#include "training/table/table_split.h"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/training/table/table_maker.h"

namespace tenuto {
namespace {

// Five rows a user, one a month.
struct Panel {
  std::vector<std::uint64_t> groups;
  std::vector<double> times;
};
Panel MakePanel(int users) {
  Panel panel;
  for (int user = 0; user < users; ++user) {
    for (int month = 0; month < 10; ++month) {
      panel.groups.push_back(static_cast<std::uint64_t>(user));
      panel.times.push_back(month * 30);
    }
  }
  return panel;
}

void ExpectNoGroupInTwoParts(const std::vector<std::uint64_t>& groups,
                             const TableParts& parts) {
  std::map<std::uint64_t, std::set<int>> parts_of;
  for (const int row : parts.train) {
    parts_of[groups[static_cast<std::size_t>(row)]].insert(0);
  }
  for (const int row : parts.calibrate) {
    parts_of[groups[static_cast<std::size_t>(row)]].insert(1);
  }
  for (const int row : parts.test) {
    parts_of[groups[static_cast<std::size_t>(row)]].insert(2);
  }
  for (const auto& [group, in] : parts_of) EXPECT_EQ(in.size(), 1U) << group;
}

TEST(TableSplit, DrawsSharesOfKeysAndKeepsThemWhole) {
  const Panel panel = MakePanel(3000);
  const auto parts = SplitByShare(panel.groups, 0.3, 1);
  ASSERT_TRUE(parts.ok());
  ExpectNoGroupInTwoParts(panel.groups, *parts);
  const auto rows = static_cast<double>(panel.groups.size());
  EXPECT_NEAR(static_cast<double>(parts->test.size()) / rows, 0.3, 0.03);
  EXPECT_NEAR(static_cast<double>(parts->calibrate.size()) / rows, 0.14, 0.03);
  EXPECT_EQ(parts->train.size() + parts->calibrate.size() + parts->test.size(),
            panel.groups.size());
}

TEST(TableSplit, DependsOnTheSeedAndOnNothingElse) {
  const auto groups = EachRowItsOwn(500);
  EXPECT_EQ(SplitByShare(groups, 0.3, 7)->test,
            SplitByShare(groups, 0.3, 7)->test);
  EXPECT_NE(SplitByShare(groups, 0.3, 7)->test,
            SplitByShare(groups, 0.3, 8)->test);
}

TEST(TableSplit, RefusesSharesThatAreNone) {
  const auto groups = EachRowItsOwn(500);
  for (const double share : {0.0, 1.0, -1.0, 2.0}) {
    EXPECT_FALSE(SplitByShare(groups, share, 1).ok()) << share;
  }
  EXPECT_FALSE(SplitByShare(EachRowItsOwn(1), 0.3, 1).ok());
}

TEST(TableSplit, KeepsTheEmbargoOnBothSidesOfCalibration) {
  const std::vector<double> times = MakePanel(200).times;
  const auto parts = SplitByTime(EachRowItsOwn(times.size()), times,
                                 {.train_before = 210, .test_from = 240}, 1);
  ASSERT_TRUE(parts.ok()) << parts.status();
  EXPECT_TRUE(parts->calibrates_later);
  const auto at = [&](int row) { return times[static_cast<std::size_t>(row)]; };
  double train_last = 0;
  double calibrate_first = 1e9;
  for (const int row : parts->train) train_last = std::max(train_last, at(row));
  for (const int row : parts->calibrate) {
    calibrate_first = std::min(calibrate_first, at(row));
    EXPECT_LT(at(row), 210);
  }
  for (const int row : parts->test) EXPECT_GE(at(row), 240);
  EXPECT_EQ(calibrate_first, 150);
  EXPECT_EQ(train_last, 90) << "30 days before calibration, exclusive";
  EXPECT_EQ(parts->left_out_embargo, 2 * 200);
  EXPECT_EQ(parts->left_out_key, 0);
}

TEST(TableSplit, KeepsKeysWholeAcrossTime) {
  const Panel panel = MakePanel(600);
  const auto parts = SplitByTime(panel.groups, panel.times, {200, 200}, 3);
  ASSERT_TRUE(parts.ok()) << parts.status();
  ExpectNoGroupInTwoParts(panel.groups, *parts);
  EXPECT_GT(parts->left_out_key, 0);
  EXPECT_EQ(parts->train.size() + parts->calibrate.size() + parts->test.size() +
                static_cast<std::size_t>(parts->left_out_key +
                                         parts->left_out_embargo),
            panel.groups.size());
}

TEST(TableSplit, DrawsCalibrationWhereAllRowsAreOfOneTime) {
  std::vector<double> times(400, 0);
  std::fill(times.begin() + 300, times.end(), 90);
  const auto parts = SplitByTime(EachRowItsOwn(400), times, {30, 60}, 1);
  ASSERT_TRUE(parts.ok()) << parts.status();
  EXPECT_FALSE(parts->calibrates_later);
  EXPECT_EQ(parts->test.size(), 100U);
  EXPECT_NEAR(static_cast<double>(parts->calibrate.size()), 60, 25);
}

TEST(TableSplit, RefusesLimitsThatLeaveNothing) {
  const Panel panel = MakePanel(10);
  const auto groups = EachRowItsOwn(panel.times.size());
  EXPECT_FALSE(SplitByTime(groups, panel.times, {100, 50}, 1).ok());
  EXPECT_FALSE(SplitByTime(groups, panel.times, {-5, 50}, 1).ok());
  EXPECT_FALSE(SplitByTime(groups, panel.times, {100, 5000}, 1).ok());
}

}  // namespace
}  // namespace tenuto
