#include "training/summary.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace tenuto {
namespace {

std::string Member(absl::string_view key, absl::string_view json) {
  return absl::StrCat(JsonString(key), ":", json);
}

std::string Object(const std::vector<std::string>& members) {
  return absl::StrCat("{", absl::StrJoin(members, ","), "}");
}

// `key` and its interval as `key`_low and `key`_high.
void AddEstimate(absl::string_view key, const Estimate& estimate,
                 std::vector<std::string>& members) {
  members.push_back(Member(key, JsonNumber(estimate.value)));
  members.push_back(
      Member(absl::StrCat(key, "_low"), JsonNumber(estimate.low)));
  members.push_back(
      Member(absl::StrCat(key, "_high"), JsonNumber(estimate.high)));
}

std::string TestJson(const Evaluation& test) {
  std::vector<std::string> members = {
      Member("rows", absl::StrCat(test.rows)),
      Member("positives", absl::StrCat(test.positives))};
  AddEstimate("auc", test.auc, members);
  AddEstimate("average_precision", test.average_precision, members);
  AddEstimate("log_loss", test.log_loss, members);
  AddEstimate("log_loss_constant", test.log_loss_constant, members);
  AddEstimate("brier", test.brier, members);
  AddEstimate("ece", test.ece, members);
  AddEstimate("calibration_slope", test.calibration_slope, members);
  AddEstimate("calibration_intercept", test.calibration_intercept, members);
  AddEstimate("lift_top_decile", test.lift_top_decile, members);
  std::vector<std::string> deciles;
  for (const DecileLine& line : test.deciles) {
    deciles.push_back(
        Object({Member("decile", absl::StrCat(line.decile)),
                Member("rows", absl::StrCat(line.rows)),
                Member("positives", absl::StrCat(line.positives)),
                Member("mean_probability", JsonNumber(line.mean_probability)),
                Member("rate", JsonNumber(line.rate)),
                Member("lift", JsonNumber(line.lift)),
                Member("gain", JsonNumber(line.gain))}));
  }
  members.push_back(
      Member("deciles", absl::StrCat("[", absl::StrJoin(deciles, ","), "]")));
  return Object(members);
}

}  // namespace

std::string SummaryJson(const TrainingReport& report) {
  std::vector<std::string> dropped;
  for (const DroppedColumn& column : report.dropped_columns) {
    dropped.push_back(Object({Member("column", JsonString(column.column)),
                              Member("reason", JsonString(column.reason))}));
  }
  std::vector<std::string> seconds;
  for (const auto& [stage, spent] : report.seconds) {
    seconds.push_back(Member(stage, JsonNumber(spent)));
  }
  std::vector<std::string> members = {
      Member("model", JsonString(report.model)),
      Member("version", absl::StrCat(report.version)),
      Member("rows",
             Object({Member("train", absl::StrCat(report.rows_train)),
                     Member("calibrate", absl::StrCat(report.rows_calibrate)),
                     Member("test", absl::StrCat(report.rows_test))})),
      Member("test", TestJson(report.test)),
      Member("dropped_columns",
             absl::StrCat("[", absl::StrJoin(dropped, ","), "]")),
      Member("seconds", Object(seconds)),
      Member("champion", report.is_champion ? "true" : "false")};
  for (const auto& [key, json] : report.extra) {
    members.push_back(Member(key, json));
  }
  return absl::StrCat(Object(members), "\n");
}

std::string JsonString(absl::string_view text) {
  std::string json = "\"";
  for (const char letter : text) {
    const auto c = static_cast<unsigned char>(letter);
    if (letter == '"' || letter == '\\') {
      json.push_back('\\');
      json.push_back(letter);
    } else if (c < 0x20 || c == 0x7f) {
      absl::StrAppendFormat(&json, "\\u%04x", static_cast<unsigned>(c));
    } else {
      json.push_back(letter);
    }
  }
  json.push_back('"');
  return json;
}

std::string JsonNumber(double value) {
  if (!std::isfinite(value)) return "null";
  if (value == 0) return "0";
  return absl::StrFormat("%.9g", value);
}

}  // namespace tenuto
