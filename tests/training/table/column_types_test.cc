#include "training/table/column_types.h"

#include <cmath>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tenuto {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

CsvTable OneColumn(absl::Span<const std::string> cells) {
  std::string csv = "row,x\n";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    absl::StrAppend(&csv, i, ",", cells[i], "\n");
  }
  auto table = CsvTable::Parse(csv, "t.csv");
  EXPECT_TRUE(table.ok()) << table.status();
  return *std::move(table);
}

TypedColumn Read(absl::Span<const std::string> cells) {
  return ReadColumn(OneColumn(cells), 1);
}

TEST(ColumnTypes, ReadNumbersOnlyWhereTheyAreFinite) {
  EXPECT_EQ(ParseNumber("-1.5e3"), -1500.0);
  EXPECT_EQ(ParseNumber("+7"), 7.0);
  EXPECT_EQ(ParseNumber("1e60"), std::numeric_limits<float>::max());
  for (const char* text : {"", "inf", "nan", "1,5", "12%", "abc", "1e999"}) {
    EXPECT_EQ(ParseNumber(text), std::nullopt) << text;
  }
}

TEST(ColumnTypes, ReadBooleansInEverySpelling) {
  for (const char* text : {"true", "TRUE", "Yes", "y", "t", "1"}) {
    EXPECT_EQ(ParseBoolean(text), true) << text;
  }
  for (const char* text : {"false", "No", "n", "F", "0"}) {
    EXPECT_EQ(ParseBoolean(text), false) << text;
  }
  EXPECT_EQ(ParseBoolean("maybe"), std::nullopt);
}

TEST(ColumnTypes, ReadOneDayFromEveryForm) {
  for (const char* text :
       {"2017-04-03", "2017/04/03", "03.04.2017", "3 Apr 2017", "3-Apr-2017",
        "Apr 3, 2017", "2017-04-03T00:00:00Z", "2017-04-03 00:00",
        "2017-04-03 00:00:00 UTC", "2017-04-03T02:00:00+02:00"}) {
    EXPECT_EQ(ParseDateDays(text), 17259.0) << text;
  }
  EXPECT_EQ(ParseDateDays("2017-04-03 12:00:00"), 17259.5);
  EXPECT_EQ(ParseDateDays("1969-12-31"), -1.0);
}

TEST(ColumnTypes, ReadNoDateWithTwoMeanings) {
  for (const char* text : {"03/04/2017", "2017-13-01", "2017-02-30", "20170403",
                           "infinite-future", "0001-01-01", "2017-04"}) {
    EXPECT_EQ(ParseDateDays(text), std::nullopt) << text;
  }
}

TEST(ColumnTypes, TakeTheNarrowestTypeThatFits) {
  EXPECT_EQ(Read({"1", "", "2.5", "NA"}).type, v1::COLUMN_TYPE_NUMBER);
  EXPECT_EQ(Read({"1", "0"}).type, v1::COLUMN_TYPE_NUMBER);
  EXPECT_EQ(Read({"Yes", "no", "null"}).type, v1::COLUMN_TYPE_BOOLEAN);
  EXPECT_EQ(Read({"2018-01-01", "None"}).type, v1::COLUMN_TYPE_DATE);
  EXPECT_EQ(Read({"2018-01-01", "1"}).type, v1::COLUMN_TYPE_CATEGORY);
  EXPECT_EQ(Read({"", "NaN", "?"}).type, v1::COLUMN_TYPE_UNSPECIFIED);
}

TEST(ColumnTypes, CountMissingAndDistinct) {
  const TypedColumn column = Read({"b", "a", "", "b", "N/A", "inf"});
  EXPECT_EQ(column.missing, 3);
  EXPECT_EQ(column.distinct, 2);
  EXPECT_THAT(column.levels, ElementsAre("b", "a"));
  EXPECT_EQ(column.values[1], 1);
  EXPECT_TRUE(std::isnan(column.values[2]));
}

TEST(ColumnTypes, NameTheCellThatSpoilsANumericColumn) {
  std::vector<std::string> cells;
  for (int i = 0; i < 100; ++i) cells.push_back(absl::StrCat(i));
  cells[41] = "forty-two";
  const TypedColumn column = Read(cells);
  EXPECT_EQ(column.type, v1::COLUMN_TYPE_CATEGORY);
  EXPECT_EQ(column.odd_cell, "forty-two");
  EXPECT_EQ(column.odd_line, 43);
  EXPECT_EQ(Read({"a", "b", "1"}).odd_cell, "") << "never was numeric";
}

TEST(ColumnTypes, ReadTargetsWhoseMeaningIsClear) {
  const struct {
    std::string stays, leaves;
  } pairs[] = {{"0", "1"},
               {"0.0", "1.0"},
               {"-1", "1"},
               {"No", "Yes"},
               {"false", "TRUE"},
               {"f", "t"},
               {"active", "churned"},
               {"Existing Customer", "Attrited Customer"},
               {"stayed", "gone away"}};
  for (const auto& [stays, leaves] : pairs) {
    const auto target = ReadTarget(OneColumn({stays, leaves, stays}), 1);
    ASSERT_TRUE(target.ok()) << target.status();
    EXPECT_THAT(target->labels, ElementsAre(0, 1, 0)) << leaves;
    EXPECT_EQ(target->positive, leaves);
  }
}

TEST(ColumnTypes, TakeSpellingsOfOneValueAsOne) {
  const auto target = ReadTarget(OneColumn({"yes", "No", "YES", "1"}), 1);
  EXPECT_FALSE(target.ok()) << "three different texts";
  const auto merged = ReadTarget(OneColumn({"1", "0.0", "1.0", "0"}), 1);
  ASSERT_TRUE(merged.ok()) << merged.status();
  EXPECT_THAT(merged->labels, ElementsAre(1, 0, 1, 0));
}

TEST(ColumnTypes, RefuseTargetsThatSayNothingOrTooMuch) {
  const struct {
    std::vector<std::string> cells;
    std::string reason;
  } cases[] = {{{"1", "", "0"}, "\"x\" is empty on line 3"},
               {{"1", "1", "1.0"}, "is always \"1\""},
               {{"0", "1", "2"}, "more than two values, the third, \"2\""},
               {{"red", "blue"}, "which of them means leaving"},
               {{"1", "2"}, "which of them means leaving"}};
  for (const auto& [cells, reason] : cases) {
    const absl::Status status = ReadTarget(OneColumn(cells), 1).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr(reason));
  }
}

}  // namespace
}  // namespace tenuto
