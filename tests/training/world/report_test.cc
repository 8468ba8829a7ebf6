#include "training/world/report.h"

#include <string>

#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"

namespace tenuto::world {
namespace {

WorldReport Some() {
  WorldReport report;
  report.options.users = 12;
  report.options.days = 30;
  report.options.seed = 9;
  report.tally.events = 7;
  report.tally.by_payload[v1::Event::kPlayback] = 5;
  report.tally.by_payload[v1::Event::kMessageOptedOut] = 2;
  report.tally.paid_days = 300;
  report.tally.left_by_choice = 1;
  report.accepted = 7;
  report.truth_path = "a \"b\"\\c";
  return report;
}

TEST(WorldReport, IsWholeJsonWithTheSameNumbersAsTheTable) {
  google::protobuf::Struct json;
  ASSERT_TRUE(
      google::protobuf::util::JsonStringToMessage(ReportJson(Some()), &json)
          .ok());
  const auto& fields = json.fields();
  EXPECT_EQ(fields.at("users").number_value(), 12);
  EXPECT_EQ(fields.at("opt_outs").number_value(), 2);
  EXPECT_EQ(fields.at("start").string_value(), "2025-01-01");
  EXPECT_EQ(fields.at("truth").string_value(), "a \"b\"\\c");
  EXPECT_DOUBLE_EQ(fields.at("churn_by_choice_monthly").number_value(), 0.1);
  EXPECT_EQ(fields.at("events_by_kind")
                .struct_value()
                .fields()
                .at("playback")
                .number_value(),
            5);
}

TEST(WorldReport, IsAlignedForPeople) {
  const std::string text = FormatReport(Some());
  EXPECT_NE(text.find("world of 12 users, 30 days from 2025-01-01, seed 9"),
            std::string::npos);
  EXPECT_NE(text.find("opt-outs                                  2"),
            std::string::npos);
  EXPECT_NE(text.find("10.00%"), std::string::npos);
}

}  // namespace
}  // namespace tenuto::world
