#include "training/table/table_roles.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;

CsvTable Table() {
  auto table = CsvTable::Parse(
      "user,day,churn,plan,hours\n"
      "a,2018-01-01,0,basic,5\n"
      "a,2018-02-01,1,basic,1\n"
      "b,2018-01-01,0,gold,9\n",
      "t.csv");
  EXPECT_TRUE(table.ok()) << table.status();
  return *std::move(table);
}

TEST(TableRoles, LeaveTheOtherColumnsAsCandidates) {
  TableColumns columns;
  columns.target = "churn";
  columns.key = "user";
  columns.time = "day";
  columns.train_before = "2018-01-15";
  columns.test_from = "2018-02-01";
  columns.drop = {"plan"};
  const auto roles = ReadRoles(Table(), columns);
  ASSERT_TRUE(roles.ok()) << roles.status();
  ASSERT_EQ(roles->candidates.size(), 1U);
  EXPECT_EQ(roles->candidates[0].name, "hours");
  EXPECT_EQ(roles->groups[0], roles->groups[1]);
  EXPECT_NE(roles->groups[0], roles->groups[2]);
  EXPECT_EQ(roles->times[1], 17563);
  EXPECT_EQ(roles->known_days, roles->times);
  EXPECT_EQ(roles->limits.test_from, 17563);
  EXPECT_EQ(roles->dropped.size(), 3U) << "key, time and --drop";
}

TEST(TableRoles, TakeEachRowAsAUserWithoutAKey) {
  TableColumns columns;
  columns.target = "churn";
  const auto roles = ReadRoles(Table(), columns);
  ASSERT_TRUE(roles.ok());
  EXPECT_NE(roles->groups[0], roles->groups[1]);
  EXPECT_TRUE(roles->known_days.empty());
  columns.as_of = "2018-03-01";
  EXPECT_EQ(ReadRoles(Table(), columns)->known_days,
            std::vector<double>(3, 17591));
}

TEST(TableRoles, AcceptNumbersAsTimes) {
  TableColumns columns;
  columns.target = "churn";
  columns.time = "hours";
  columns.train_before = "6";
  columns.test_from = "7.5";
  const auto roles = ReadRoles(Table(), columns);
  ASSERT_TRUE(roles.ok()) << roles.status();
  EXPECT_FALSE(roles->times_are_dates);
  EXPECT_EQ(roles->limits.test_from, 7.5);
  EXPECT_TRUE(roles->known_days.empty()) << "hours date nothing";
}

TEST(TableRoles, NameTheFlagThatIsWrong) {
  const struct {
    TableColumns columns;
    std::string reason;
  } cases[] = {
      {{"churm", {}, "", "", "", "", ""},
       "--target \"churm\": t.csv has no such column; near is \"churn\""},
      {{"churn", {"plam"}, "", "", "", "", ""}, "--drop \"plam\""},
      {{"churn", {"churn"}, "", "", "", "", ""}, "both --target and --drop"},
      {{"churn", {}, "", "day", "", "", ""}, "--time needs --train-before"},
      {{"churn", {}, "", "", "2018-01-01", "", ""}, "need --time"},
      {{"churn", {}, "", "plan", "1", "2", ""}, "holds neither dates"},
      {{"churn", {}, "", "day", "soon", "2018-01-01", ""},
       "--train-before \"soon\" is not a date"},
      {{"churn", {}, "", "", "", "", "5"}, "--as-of \"5\""}};
  for (const auto& [columns, reason] : cases) {
    const absl::Status status = ReadRoles(Table(), columns).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr(reason));
  }
}

TEST(TableRoles, NameTheLineOfAnEmptyKeyOrTime) {
  const auto table =
      CsvTable::Parse("u,d,y\na,2018-01-01,0\n,2018-01-02,1\nb,,0\n", "t.csv");
  ASSERT_TRUE(table.ok());
  const absl::Status key =
      ReadRoles(*table, {"y", {}, "u", "", "", "", ""}).status();
  EXPECT_THAT(std::string(key.message()),
              HasSubstr("t.csv line 3: --key column \"u\" is empty"));
  const absl::Status time =
      ReadRoles(*table, {"y", {}, "", "d", "2018-01-01", "2018-01-01", ""})
          .status();
  EXPECT_THAT(std::string(time.message()),
              HasSubstr("t.csv line 4: --time column \"d\" is empty"));
}

}  // namespace
}  // namespace tenuto
