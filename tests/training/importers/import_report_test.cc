#include "training/importers/import_report.h"

#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;

ImportReport SomeReport() {
  ImportReport report;
  report.lines = 2'184'797;
  report.accepted = 2'184'780;
  report.duplicate = 9;
  for (int line = 3; line < 10; ++line) {
    report.Reject(line, {"UNKNOWN_PAGE", line < 5 ? "page A" : "page B"});
  }
  report.Reject(11, {"BAD_TIME", "other text"});
  report.Note(12, {"UNKNOWN_LEVEL", "level C"});
  report.seconds = 2.0;
  report.assumed_consents = 4;
  report.resumed_at_line = 12;
  return report;
}

TEST(ImportReport, CountsRejectedLinesByReasonAndKeepsTheFirst) {
  const ImportReport report = SomeReport();
  EXPECT_EQ(report.rejected_count(), 8);
  EXPECT_EQ(report.rejected.at("UNKNOWN_PAGE").count, 7);
  const auto& first = report.rejected.at("UNKNOWN_PAGE").first;
  ASSERT_EQ(first.size(), 5u);
  EXPECT_EQ(first[4].line, 7);
  EXPECT_EQ(first[4].message, "page B");
  EXPECT_EQ(report.lines,
            report.accepted + report.duplicate + report.rejected_count());
}

TEST(ImportReport, WritesTheSummaryOfTheContract) {
  google::protobuf::Struct json;
  ASSERT_TRUE(
      google::protobuf::util::JsonStringToMessage(SomeReport().ToJson(), &json)
          .ok());
  const auto number = [&json](const char* name) {
    return json.fields().at(name).number_value();
  };
  EXPECT_EQ(number("lines"), 2'184'797);
  EXPECT_EQ(number("accepted"), 2'184'780);
  EXPECT_EQ(number("duplicate"), 9);
  EXPECT_EQ(number("seconds"), 2.0);
  EXPECT_EQ(number("events_per_second"), 1'092'398);
  EXPECT_EQ(number("assumed_consents"), 4);
  EXPECT_EQ(number("resumed_at_line"), 12);
  EXPECT_TRUE(json.fields().at("complete").bool_value());
  const auto& rejected = json.fields().at("rejected").struct_value().fields();
  EXPECT_EQ(rejected.size(), 2u);
  EXPECT_EQ(rejected.at("UNKNOWN_PAGE").number_value(), 7);
  const auto& incomplete =
      json.fields().at("incomplete").struct_value().fields();
  EXPECT_EQ(incomplete.size(), 1u);
  EXPECT_EQ(incomplete.at("UNKNOWN_LEVEL").number_value(), 1);
}

TEST(ImportReport, SaysSoWhenTheFileWasDamaged) {
  ImportReport report;
  report.file_fault = absl::DataLossError("cut off");
  EXPECT_THAT(report.ToJson(), HasSubstr("\"complete\":false"));
  EXPECT_THAT(report.ToJson(), HasSubstr("\"rejected\":{}"));
}

TEST(ImportReport, AlignsItsCountsForPeople) {
  const std::string text = SomeReport().ToText();
  EXPECT_THAT(text, HasSubstr("lines                            2,184,797\n"));
  EXPECT_THAT(text, HasSubstr("duplicate                                9\n"));
  EXPECT_THAT(text,
              HasSubstr("UNKNOWN_PAGE                           7  a page that "
                        "is missing or unknown to the format\n"
                        "      line 3, 4: page A\n"
                        "      line 5, 6, 7: page B\n"
                        "      and 2 more\n"));
  EXPECT_THAT(text, HasSubstr("line 11: other text\n"));
  EXPECT_THAT(text, HasSubstr("line 12: level C\n"));
  EXPECT_THAT(text, HasSubstr("1,092,398 lines/s"));
}

}  // namespace
}  // namespace tenuto
