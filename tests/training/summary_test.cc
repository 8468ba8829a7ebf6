#include "training/summary.h"

#include <limits>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "simdjson.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;

TrainingReport Report() {
  TrainingReport report;
  report.model = "churn_14d";
  report.version = 3;
  report.is_champion = true;
  report.rows_train = 100;
  report.rows_calibrate = 20;
  report.rows_test = 30;
  report.test.rows = 30;
  report.test.positives = 7;
  report.test.auc = {0.75, 0.5, 0.875};
  report.test.log_loss_constant = {0.5, 0.25, 0.75};
  report.test.deciles = {{1, 3, 2, 0.5, 0.66, 2.8, 0.3}};
  report.dropped_columns = {{"a \"b\"", "line\nbreak \\ é"}};
  report.seconds = {{"read", 0.25}, {"total", 1.5}};
  report.extra = {{"warnings", "[]"}};
  return report;
}

TEST(Summary, HoldsEveryFigureOfTheContract) {
  simdjson::dom::parser parser;
  const simdjson::dom::element json = parser.parse(SummaryJson(Report()));
  EXPECT_EQ(std::string(json["model"].get_c_str()), "churn_14d");
  EXPECT_EQ(int64_t{json["version"]}, 3);
  EXPECT_EQ(int64_t{json["rows"]["train"]}, 100);
  EXPECT_EQ(int64_t{json["rows"]["calibrate"]}, 20);
  EXPECT_EQ(int64_t{json["rows"]["test"]}, 30);
  EXPECT_EQ(int64_t{json["test"]["rows"]}, 30);
  EXPECT_EQ(int64_t{json["test"]["positives"]}, 7);
  EXPECT_EQ(double{json["test"]["auc"]}, 0.75);
  EXPECT_EQ(double{json["test"]["auc_low"]}, 0.5);
  EXPECT_EQ(double{json["test"]["auc_high"]}, 0.875);
  for (const char* key :
       {"average_precision", "log_loss", "log_loss_constant", "brier", "ece",
        "calibration_slope", "calibration_intercept", "lift_top_decile"}) {
    EXPECT_EQ(json["test"][key].error(), simdjson::SUCCESS) << key;
  }
  EXPECT_EQ(std::string(json["dropped_columns"].at(0)["column"].get_c_str()),
            "a \"b\"");
  EXPECT_EQ(std::string(json["dropped_columns"].at(0)["reason"].get_c_str()),
            "line\nbreak \\ é");
  EXPECT_EQ(double{json["seconds"]["total"]}, 1.5);
  EXPECT_TRUE(bool{json["champion"]});
  EXPECT_EQ(json["warnings"].get_array().size(), 0U);
}

TEST(Summary, StandsInOneFixedOrder) {
  EXPECT_EQ(SummaryJson(Report()), SummaryJson(Report()));
  EXPECT_THAT(SummaryJson(Report()),
              HasSubstr("{\"model\":\"churn_14d\",\"version\":3,\"rows\":{"
                        "\"train\":100,\"calibrate\":20,\"test\":30},\"test\":"
                        "{\"rows\":30,\"positives\":7,\"auc\":0.75,"));
}

TEST(Summary, WritesNullForWhatIsNoNumber) {
  EXPECT_EQ(JsonNumber(std::numeric_limits<double>::quiet_NaN()), "null");
  EXPECT_EQ(JsonNumber(std::numeric_limits<double>::infinity()), "null");
  EXPECT_EQ(JsonNumber(-0.0), "0");
  EXPECT_EQ(JsonNumber(0.1), "0.1");
  EXPECT_EQ(JsonNumber(1e-12), "1e-12");
}

TEST(Summary, EscapesWhatJsonDoesNotAllowInTexts) {
  EXPECT_EQ(JsonString("a\"\\\n\x01"), "\"a\\\"\\\\\\u000a\\u0001\"");
}

}  // namespace
}  // namespace tenuto
