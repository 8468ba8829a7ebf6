#include "training/table/csv_reader.h"

#include <random>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/gzip_bytes.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> Row(const CsvTable& table, int row) {
  std::vector<std::string> cells;
  for (int c = 0; c < table.columns(); ++c) {
    cells.emplace_back(table.cell(row, c));
  }
  return cells;
}

std::string FaultOf(absl::string_view bytes) {
  const auto table = CsvTable::Parse(bytes, "t.csv");
  EXPECT_EQ(table.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(table.status().message());
}

TEST(CsvReader, ReadsQuotedCommasQuotesAndLineBreaks) {
  const auto table = CsvTable::Parse(
      "\xef\xbb\xbf"
      "a,\"b,b\",c\r\n1,\"x, \"\"y\"\"\",\"two\nlines\"\r\n2,,\r\n",
      "t.csv");
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_THAT(table->header(), ElementsAre("a", "b,b", "c"));
  ASSERT_EQ(table->rows(), 2);
  EXPECT_THAT(Row(*table, 0), ElementsAre("1", "x, \"y\"", "two\nlines"));
  EXPECT_THAT(Row(*table, 1), ElementsAre("2", "", ""));
}

TEST(CsvReader, KnowsTheLineOfEachRow) {
  for (const std::string end : {"\n", "\r\n", "\r"}) {
    const auto table = CsvTable::Parse(
        absl::StrReplaceAll("a,b@1,\"x\ny\"@@3,4@5,6", {{"@", end}}), "t.csv");
    ASSERT_TRUE(table.ok()) << table.status();
    ASSERT_EQ(table->rows(), 3);
    EXPECT_EQ(table->line(0), 2);
    EXPECT_EQ(table->line(1), 5) << "after a line break and an empty line";
    EXPECT_EQ(table->line(2), 6);
  }
}

TEST(CsvReader, NamesTheLineOfWhatIsWrong) {
  EXPECT_THAT(FaultOf("a,b\n1,2\n3\n"), HasSubstr("t.csv line 3: 1 fields"));
  EXPECT_THAT(FaultOf("a,b\n1,2,3\n"), HasSubstr("line 2: 3 fields"));
  EXPECT_THAT(FaultOf("a,b,a\n1,2,3\n"), HasSubstr("\"a\" stands twice"));
  EXPECT_THAT(FaultOf("a,,c\n1,2,3\n"), HasSubstr("column 2 has no name"));
  EXPECT_THAT(FaultOf("a,b\n1,x\"y\n"), HasSubstr("line 2: a quote"));
  EXPECT_THAT(FaultOf("a,b\n1,2\n3,\"x\n4,5\n"), HasSubstr("never closed"));
  EXPECT_THAT(FaultOf("a,b\n1,2\n3,\xff\n"), HasSubstr("line 3: a byte"));
  EXPECT_THAT(FaultOf("a;b\n1;2\n"), HasSubstr("commas"));
  EXPECT_THAT(FaultOf(""), HasSubstr("is empty"));
  EXPECT_THAT(FaultOf("a,b\n"), HasSubstr("no rows"));
}

TEST(CsvReader, GivesBackWhateverWasQuoted) {
  constexpr unsigned kSeed = 20260712;
  SCOPED_TRACE(absl::StrCat("seed ", kSeed));
  std::mt19937 random(kSeed);
  const std::string letters[] = {"a", "\"", ",", "\n", "\r\n", " ", "é", ""};
  for (int round = 0; round < 200; ++round) {
    const std::size_t width = 1 + random() % 5;
    std::string csv = "k";
    for (std::size_t c = 1; c < width; ++c) absl::StrAppend(&csv, ",k", c);
    absl::StrAppend(&csv, "\n");
    std::vector<std::vector<std::string>> rows(1 + random() % 6);
    for (auto& row : rows) {
      for (std::size_t c = 0; c < width; ++c) {
        std::string cell;
        for (auto i = random() % 6; i > 0; --i) cell += letters[random() % 8];
        absl::StrAppend(&csv, c > 0 ? "," : "", "\"",
                        absl::StrReplaceAll(cell, {{"\"", "\"\""}}), "\"");
        row.emplace_back(absl::StripAsciiWhitespace(cell));
      }
      absl::StrAppend(&csv, random() % 2 == 0 ? "\n" : "\r\n");
    }
    const auto table = CsvTable::Parse(csv, "t.csv");
    ASSERT_TRUE(table.ok()) << table.status() << csv;
    ASSERT_EQ(table->rows(), static_cast<int>(rows.size())) << csv;
    for (std::size_t r = 0; r < rows.size(); ++r) {
      EXPECT_EQ(Row(*table, static_cast<int>(r)), rows[r]) << csv;
    }
  }
}

TEST(CsvReader, TellsNearNamesOfAColumnThatIsNotThere) {
  const auto table = CsvTable::Parse("churn,tenure\n1,2\n", "t.csv");
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(*table->Column("tenure", "--target"), 1);
  const absl::Status near = table->Column("Chrun", "--target").status();
  EXPECT_EQ(near.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(near.message()),
              HasSubstr("--target \"Chrun\": t.csv has no such column; near "
                        "is \"churn\""));
  EXPECT_THAT(std::string(table->Column("zzzzzzz", "--key").status().message()),
              HasSubstr("it has churn, tenure"));
}

TEST(CsvReader, InflatesGzipOfOneOrMoreMembers) {
  const TempFolder folder;
  const auto path =
      folder.Write("two.csv.gz", GzipBytes("\xef\xbb\xbf"
                                           "a,b\r\n1,\"x\r\ny\"\r\n") +
                                     GzipBytes("3,4"));
  const auto table = CsvTable::Read(path);
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_THAT(table->header(), ElementsAre("a", "b"));
  ASSERT_EQ(table->rows(), 2);
  EXPECT_THAT(Row(*table, 0), ElementsAre("1", "x\ny"));
  EXPECT_THAT(Row(*table, 1), ElementsAre("3", "4"));
  EXPECT_EQ(table->line(1), 4);
}

TEST(CsvReader, RefusesGzipThatIsCutOffWhereverItIsCut) {
  const TempFolder folder;
  std::string plain = "a,b\n";
  for (int i = 0; i < 50; ++i) absl::StrAppend(&plain, i, ",", i * i, "\n");
  const std::string packed = GzipBytes(plain);
  for (std::size_t size = 2; size < packed.size(); ++size) {
    const auto path = folder.Write("cut.csv.gz", packed.substr(0, size));
    const absl::Status status = CsvTable::Read(path).status();
    ASSERT_EQ(status.code(), absl::StatusCode::kDataLoss) << size;
    ASSERT_THAT(std::string(status.message()), HasSubstr("cut.csv.gz"));
  }
}

TEST(CsvReader, RefusesMoreThanTheLimit) {
  const TempFolder folder;
  const auto path = folder.Write("big.csv", "a,b\n1,2\n3,4\n");
  EXPECT_EQ(CsvTable::Read(path, 11).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(CsvTable::Read(path, 12).ok());
}

TEST(CsvReader, SaysWhenThereIsNoFile) {
  EXPECT_EQ(CsvTable::Read("/nowhere/t.csv").status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace tenuto
