#include "training/world/calibration_report.h"

#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tenuto::world {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::filesystem::path Write(const std::string& name, const std::string& text) {
  const std::filesystem::path directory =
      std::filesystem::path(testing::TempDir()) / "kkbox";
  std::filesystem::create_directories(directory);
  std::ofstream(directory / name) << text;
  return directory / name;
}

constexpr char kTenure[] =
    "channel,payment_type,tenure,decisions,churned\n"
    "A,Auto-renew,13th+,200,1\n"
    "A,Auto-renew,1st,100,10\n"
    "A,Manual,1st,100,90\n"
    "A,Auto-renew,2nd-3rd,80,4\n"
    "A,Auto-renew,4th-12th,20,0\n"
    "B,Auto-renew,1st,300,10\n"
    "B,Manual,2nd-3rd,50,10\n";
constexpr char kListening[] =
    "channel,payment_type,active_days_last_4w,decisions,churned\r\n"
    "A,Auto-renew,0,10,5\r\n"
    "A,Auto-renew,1-7,10,4\r\n"
    "A,Auto-renew,8-14,10,3\r\n"
    "A,Auto-renew,15-21,10,2\r\n"
    "A,Auto-renew,22-28,10,1\r\n"
    "A,Manual,22-28,40,4\r\n";

TEST(CalibrationReport, AddsUpTheChannelsOfEachPaymentType) {
  const auto table = ReadKkbox(Write("t.csv", kTenure), "tenure", kTenureNames);
  ASSERT_TRUE(table.ok()) << table.status();
  ASSERT_EQ(table->automatic.size(), 4U);
  ASSERT_EQ(table->manual.size(), 4U);
  const auto expect = [](const Share& share, std::int64_t all,
                         std::int64_t of) {
    EXPECT_EQ(share.all, all);
    EXPECT_EQ(share.of, of);
  };
  expect(table->automatic[0], 400, 20);
  expect(table->automatic[1], 80, 4);
  expect(table->automatic[3], 200, 1);  // By name, not by place.
  expect(table->manual[0], 100, 90);
  expect(table->manual[1], 50, 10);
}

TEST(CalibrationReport, NamesTheLineThatIsWrong) {
  const std::string header = "channel,payment_type,tenure,decisions,churned\n";
  const auto refuses = [&](const std::string& text, const std::string& why) {
    const absl::Status status =
        ReadKkbox(Write("bad.csv", text), "tenure", kTenureNames).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_NE(status.message().find(why), absl::string_view::npos) << status;
  };
  const std::string remedy = "; take the tables of the data set as they are";
  refuses(header + "A,Auto-renew,1st,5,4,3\n",
          "bad.csv:2: 6 fields, and 5 in the header" + remedy);
  refuses(header + "A,Auto-renew,1st,many,7\n",
          "bad.csv:2: decisions \"many\" is no count" + remedy);
  refuses(header + "A,Auto-renew,1st,5,7\n",
          "bad.csv:2: churned \"7\" is no count of 5 decisions" + remedy);
  refuses(header + "A,Manual,1st,9,7\nA,Free,1st,9,7\n",
          "bad.csv:3: payment_type \"Free\" is neither");
  refuses(header + "A,Manual,5th,9,7\n",
          "bad.csv:2: tenure \"5th\" is none of 1st, 2nd-3rd, 4th-12th, 13th+");
  refuses("a,b\n", "bad.csv:1: the header must be");
  refuses("", "bad.csv:1: the header must be");
  EXPECT_EQ(ReadKkbox("/nowhere/t.csv", "tenure", kTenureNames).status().code(),
            absl::StatusCode::kNotFound);
}

// Lines of the text, without what stands in them for looks.
std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    lines.push_back(
        absl::StrJoin(absl::StrSplit(line, ' ', absl::SkipWhitespace()), " "));
  }
  return lines;
}

// Manual renewals may have bands without rows, as in the data set.
TEST(CalibrationReport, RefusesATableThatWasCut) {
  const std::string whole = kTenure;
  const auto why = [](const std::string& text) {
    const auto table =
        ReadKkbox(Write("cut.csv", text), "tenure", kTenureNames);
    return std::string(table.status().message());
  };
  EXPECT_EQ(why(whole), "");
  const std::string line = "A,Auto-renew,4th-12th,20,0\n";
  std::string cut = whole;
  cut.erase(cut.find(line), line.size());
  EXPECT_THAT(why(cut),
              HasSubstr("cut.csv: no decisions of payment_type \"Auto-renew\" "
                        "with tenure \"4th-12th\": a part is missing; take "));
  EXPECT_THAT(why(whole.substr(0, whole.find('\n') + 1)),
              HasSubstr("with tenure \"1st\""));
}

TEST(CalibrationReport, SetsAutomaticRenewalsBesideKkboxAndNoManualOnes) {
  const std::filesystem::path directory =
      Write("renewal_decisions_2016.csv", kTenure).parent_path();
  Write("listening_days_before_renewal_2016.csv", kListening);
  PaymentFigures figures;
  figures.churn_by_tenure[0] = {50, 10};
  figures.churn_by_tenure[3] = {50, 1};
  figures.churn_by_activity[4] = {30, 3};
  const auto text = FormatKkbox(figures, directory);
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_THAT(
      LinesOf(*text),
      ElementsAre(
          "", StartsWith("Of renewals that were due"), "",
          StartsWith("churn by renewals before"), "Auto-renew",
          "1st 20.00% 5.00% 15.00p 50 400", "2nd-3rd - 5.00% - - 80",
          "4th-12th - 0.00% - - 20", "13th+ 2.00% 0.50% 1.50p 50 200",
          "all 11.00% 3.57% 7.43p 100 700", "Manual", "1st - 90.00% - - 100",
          "2nd-3rd - 20.00% - - 50", "4th-12th - - - - 0", "13th+ - - - - 0",
          "all - 66.67% - - 150", "", StartsWith("churn by listening days"),
          "Auto-renew", "0 - 50.00% - - 10", "1-7 - 40.00% - - 10",
          "8-14 - 30.00% - - 10", "15-21 - 20.00% - - 10",
          "22-28 10.00% 10.00% 0.00p 30 10", "all 10.00% 30.00% -20.00p 30 50",
          "Manual", "0 - - - - 0", "1-7 - - - - 0", "8-14 - - - - 0",
          "15-21 - - - - 0", "22-28 - 10.00% - - 40", "all - 10.00% - - 40", "",
          HasSubstr("simulates no manual renewals"), ""));
}

TEST(CalibrationReport, StatesTheDistanceToEachFigure) {
  PaymentFigures figures;
  for (int n = 0; n < 100; ++n) figures.failed.Count(n < 25);
  const std::string text = FormatCalibration(figures);
  EXPECT_NE(text.find("25.0%"), std::string::npos);
  EXPECT_NE(text.find("6.0-18.0%"), std::string::npos);
  EXPECT_NE(text.find("7.0p  B, Recurly 2013, B2C"), std::string::npos);
}

}  // namespace
}  // namespace tenuto::world
