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
    report.Reject(line, {"UNKNOWN_PAGE", "first text"});
  }
  report.Reject(11, {"BAD_TIME", "other text"});
  report.seconds = 2.0;
  report.assumed_consents = 4;
  report.resumed_at_line = 12;
  return report;
}

TEST(ImportReport, CountsRejectedLinesByReasonAndKeepsTheFirst) {
  const ImportReport report = SomeReport();
  EXPECT_EQ(report.rejected_count(), 8);
  EXPECT_EQ(report.rejected.at("UNKNOWN_PAGE").count, 7);
  EXPECT_THAT(report.rejected.at("UNKNOWN_PAGE").first_lines,
              testing::ElementsAre(3, 4, 5, 6, 7));
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
}

TEST(ImportReport, SaysSoWhenTheFileWasDamaged) {
  ImportReport report;
  report.file_fault = absl::DataLossError("cut off");
  EXPECT_THAT(report.ToJson(), HasSubstr("\"complete\":false"));
  EXPECT_THAT(report.ToJson(), HasSubstr("\"rejected\":{}"));
}

TEST(ImportReport, AlignsItsCountsForPeople) {
  const std::string text = SomeReport().ToText();
  EXPECT_THAT(text, HasSubstr("lines                        2,184,797\n"));
  EXPECT_THAT(text, HasSubstr("duplicate                            9\n"));
  EXPECT_THAT(text, HasSubstr("UNKNOWN_PAGE                       7  "
                              "line 3, 4, 5, 6, 7 ...: first text\n"));
  EXPECT_THAT(text, HasSubstr("line 11: other text\n"));
  EXPECT_THAT(text, HasSubstr("1,092,398 lines/s"));
}

}  // namespace
}  // namespace tenuto
