#include "training/table/table_encoder.h"

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/training/table/table_maker.h"

namespace tenuto {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

CsvTable Table(const std::string& csv) {
  auto table = CsvTable::Parse(csv, "t.csv");
  EXPECT_TRUE(table.ok()) << table.status();
  return *std::move(table);
}

TableSchema Learn(const CsvTable& table, const std::vector<int>& rows) {
  std::vector<TypedColumn> columns;
  for (int c = 0; c < table.columns(); ++c) {
    columns.push_back(ReadColumn(table, c));
  }
  return LearnSchema(columns, rows);
}

TableSchema LearnAll(const CsvTable& table) {
  return Learn(table, AllRows(static_cast<std::size_t>(table.rows())));
}

std::vector<std::string> NamesOf(const TableSchema& schema) {
  std::vector<std::string> names;
  for (const v1::Column& column : schema.columns)
    names.push_back(column.name());
  return names;
}

std::map<std::string, std::string> ReasonsOf(const TableSchema& schema) {
  std::map<std::string, std::string> reasons;
  for (const DroppedColumn& dropped : schema.dropped) {
    reasons[dropped.column] = dropped.reason;
  }
  return reasons;
}

TEST(TableEncoder, WritesEveryTypeAsAFloat) {
  const CsvTable table = Table(
      "n,b,d,two,three\n"
      "1.5,yes,2017-04-03,m,x\n"
      "-2,no,2017-04-04 12:00,f,y\n"
      ",,,,\n"
      "3,no,2017-04-05,m,z\n"
      "4,yes,2017-04-05,m,x\n");
  const TableSchema schema = LearnAll(table);
  EXPECT_THAT(NamesOf(schema), ElementsAre("n", "b", "d", "two=m", "three=x",
                                           "three=y", "three=z"));
  const auto values = EncodeTable(table, schema.columns, {0, 1, 2});
  ASSERT_TRUE(values.ok()) << values.status();
  EXPECT_THAT(std::vector<float>(values->begin(), values->begin() + 14),
              ElementsAre(1.5F, 1, 17259, 1, 1, 0, 0,  //
                          -2, 0, 17260.5F, 0, 0, 1, 0));
  for (std::size_t c = 14; c < 21; ++c) EXPECT_TRUE(std::isnan((*values)[c]));
}

TEST(TableEncoder, LearnsOnlyFromTheRowsThatLearn) {
  const CsvTable table = Table("c,k\na,1\nb,1\na,1\nnew,2\n");
  const TableSchema schema = Learn(table, {0, 1, 2});
  EXPECT_THAT(NamesOf(schema), ElementsAre("c=a"));
  EXPECT_EQ(ReasonsOf(schema)["k"], "is constant in the training rows");
  EXPECT_THAT(schema.columns[0].table().categories(), ElementsAre("a", "b"));
  const auto values = EncodeTable(table, schema.columns, {1, 3});
  ASSERT_TRUE(values.ok());
  EXPECT_EQ((*values)[0], 0);
  EXPECT_TRUE(std::isnan((*values)[1])) << "unseen is missing";
}

TEST(TableEncoder, CodesManyKindsByFallingFrequency) {
  std::string csv = "country\n";
  for (int kind = 0; kind < 12; ++kind) {
    for (int i = 0; i < 30 - 2 * kind; ++i)
      absl::StrAppend(&csv, "c", kind, "\n");
  }
  absl::StrAppend(&csv, "rare\nrare\n");
  const CsvTable table = Table(csv);
  const TableSchema schema = LearnAll(table);
  ASSERT_EQ(schema.columns.size(), 1U);
  EXPECT_EQ(schema.columns[0].table().type(), v1::COLUMN_TYPE_CATEGORY);
  ASSERT_EQ(schema.columns[0].table().categories_size(), 12);
  EXPECT_EQ(schema.columns[0].table().categories(0), "c0");
  EXPECT_EQ(schema.columns[0].table().categories(11), "c11");
  const auto values =
      EncodeTable(table, schema.columns, {0, 30, table.rows() - 1});
  EXPECT_EQ((*values)[0], 0);
  EXPECT_EQ((*values)[1], 1);
  EXPECT_TRUE(std::isnan((*values)[2])) << "too rare to learn from";
}

TEST(TableEncoder, DropsWhatNamesTheRow) {
  std::string csv = "dense,user_id,rising,name,cents,rate\n";
  for (int i = 0; i < 300; ++i) {
    absl::StrAppend(&csv, (i * 7) % 300, ",", (i * 7919) % 100003, ",",
                    i * i + 5, ",n", i, ",", (i * 7907) % 100003, ",",
                    (i * 31) % 300, ".5\n");
  }
  const TableSchema schema = LearnAll(Table(csv));
  auto reasons = ReasonsOf(schema);
  for (const char* name : {"dense", "user_id", "rising"}) {
    EXPECT_THAT(reasons[name], HasSubstr("is an identifier")) << name;
  }
  EXPECT_THAT(reasons["name"], HasSubstr("free text or an identifier"));
  EXPECT_THAT(NamesOf(schema), ElementsAre("cents", "rate"))
      << "measurements may all differ";
}

TEST(TableEncoder, DropsEmptyAndConstantColumns) {
  auto reasons = ReasonsOf(LearnAll(Table("e,c,x\n,1,1\nNA,1,2\n,1,3\n")));
  EXPECT_EQ(reasons["e"], "is empty");
  EXPECT_EQ(reasons["c"], "is constant in the training rows");
}

TEST(TableEncoder, NamesTheColumnThatIsMissingOrOfAnotherType) {
  const TableSchema schema =
      LearnAll(Table("n,b,d\n1,yes,2017-01-01\n2,no,2017-01-02\n"));
  const struct {
    std::string csv, reason;
  } cases[] = {
      {"n,b\n1,yes\n", "column \"d\": t.csv has no such column"},
      {"n,b,d\n1,yes,2017-01-01\nabc,no,2017-01-01\n",
       "t.csv line 3: column \"n\" holds \"abc\", which is not a number"},
      {"n,b,d\n1,2,2017-01-01\n", "which is not true or false"},
      {"n,b,d\n1,no,soon\n", "which is not a date"}};
  for (const auto& [csv, reason] : cases) {
    const CsvTable table = Table(csv);
    const absl::Status status =
        EncodeTable(table, schema.columns,
                    AllRows(static_cast<std::size_t>(table.rows())))
            .status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr(reason));
  }
}

TEST(TableEncoder, TakesColumnsByNameWhateverTheirOrder) {
  const CsvTable learned = Table("a,b\n1,5\n2,6\n");
  const TableSchema schema = LearnAll(learned);
  const auto one = EncodeTable(learned, schema.columns, {0, 1});
  const auto other =
      EncodeTable(Table("z,b,a\n9,5,1\n9,6,2\n"), schema.columns, {0, 1});
  EXPECT_EQ(*one, *other);
}

}  // namespace
}  // namespace tenuto
