#include "features/column_groups.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"

namespace tenuto {
namespace {

class ColumnGroupsTest : public ::testing::Test {
 protected:
  ColumnGroupsTest() {
    state_.newest_day = 20'000;
    state_.totals[0] = 6;
    state_.totals[1] = 4;
    windows_.Read(state_);
  }

  static Column Total(int slot) {
    Column column;
    column.read = v1::Feature::kTotal;
    column.slot = static_cast<std::int16_t>(slot);
    column.max = 100;
    return column;
  }
  static Column Ratio(double prior_weight) {
    Column column = Total(0);
    column.read = v1::Feature::kTotalRatio;
    column.slot2 = 1;
    column.prior = 0.5;
    column.prior_weight = prior_weight;
    return column;
  }

  std::vector<float> Fill(const std::vector<Column>& columns,
                          unsigned withheld = 0) {
    ColumnGroups groups;
    for (const Column& column : columns) groups.Add(column);
    groups.Group();
    std::vector<float> row(columns.size(), -1);
    groups.Fill({windows_, 20'000 * kDayUs, 30, withheld, absl::MakeSpan(row)});
    return row;
  }

  const StateLayout layout_{Catalogue::Embedded()};
  const WindowPlan plan_{layout_.daily, {7}, {}};
  UserState state_{layout_};
  StateWindows windows_{layout_, plan_, 20'000 * kDayUs};
};

TEST_F(ColumnGroupsTest, PutsEachColumnWhereItWasAdded) {
  const std::vector<float> row =
      Fill({Ratio(0), Total(1), Ratio(4), Total(0), Total(2)});
  EXPECT_EQ(row, (std::vector<float>{1.5, 4, 1, 6, 0}));
}

TEST_F(ColumnGroupsTest, LeavesOutWhatConsentAndHistoryDoNotAllow) {
  Column needs_consent = Total(0);
  needs_consent.consents = 2;
  Column needs_past = Total(0);
  needs_past.days_max = 31;
  const std::vector<float> row =
      Fill({needs_consent, needs_past, Total(0)}, /*withheld=*/2);
  EXPECT_TRUE(std::isnan(row[0]));
  EXPECT_TRUE(std::isnan(row[1]));
  EXPECT_EQ(row[2], 6);
  EXPECT_EQ(Fill({needs_consent}, /*withheld=*/1)[0], 6);
}

TEST_F(ColumnGroupsTest, SaysWhatIsMissingAndKeepsToTheRange) {
  Column nothing = Ratio(0);
  nothing.slot2 = 2;  // Divides by nothing.
  Column zero = nothing;
  zero.missing = 0;
  Column low = Total(0), high = Total(0);
  low.max = 5;
  high.min = 7;
  const std::vector<float> row = Fill({nothing, zero, low, high});
  EXPECT_TRUE(std::isnan(row[0]));
  EXPECT_EQ(row[1], 0);
  EXPECT_EQ(row[2], 5);
  EXPECT_EQ(row[3], 7);
}

}  // namespace
}  // namespace tenuto
