#include "training/baselines.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "features/base/status_macros.h"
#include "training/logistic_regression.h"
#include "training/model_fit.h"
#include "training/summary.h"
#include "training/trainer.h"

namespace tenuto {
namespace {

constexpr double kL2 = 1.0;
constexpr double kProbabilityMin = 1e-6;

TrainingMatrix Join(const TrainingMatrix& a, const TrainingMatrix& b) {
  TrainingMatrix all = a;
  const auto append = [](auto& to, const auto& from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  append(all.values, b.values);
  append(all.labels, b.labels);
  append(all.groups, b.groups);
  append(all.times_s, b.times_s);
  return all;
}

absl::StatusOr<std::vector<double>> PredictLogistic(
    const TrainingMatrix& train, const TrainingMatrix& test) {
  TENUTO_ASSIGN_OR_RETURN(const LogisticRegression model,
                          LogisticRegression::Fit(train, kL2));
  return model.Predict(test);
}

absl::StatusOr<std::vector<double>> PredictPlain(const TrainingMatrix& train,
                                                 const TrainingMatrix& test,
                                                 std::uint64_t seed) {
  FittedModel plain;
  TENUTO_ASSIGN_OR_RETURN(
      plain.forest, TrainForest(train, nullptr, ForestOptions::Plain(seed)));
  // As XGBoost gives it: not calibrated.
  plain.calibration.set_slope(1);
  plain.calibration.set_intercept(0);
  plain.calibration.set_probability_min(kProbabilityMin);
  plain.calibration.set_probability_max(1 - kProbabilityMin);
  return PredictProbabilities(plain, test);
}

std::string ShowDifference(const Estimate& difference) {
  return absl::StrFormat("%+.4f [%+.4f, %+.4f]", difference.value,
                         difference.low, difference.high);
}

std::string DifferenceJson(const Estimate& difference) {
  return absl::StrCat("{\"value\":", JsonNumber(difference.value),
                      ",\"low\":", JsonNumber(difference.low),
                      ",\"high\":", JsonNumber(difference.high), "}");
}

}  // namespace

absl::StatusOr<std::vector<BaselineLine>> CompareBaselines(
    absl::Span<const BaselineWindow> windows, std::uint64_t seed) {
  // Probabilities by baseline and window.
  std::vector<std::vector<double>> constant, logistic, plain;
  for (const BaselineWindow& window : windows) {
    const TrainingMatrix all = Join(*window.train, *window.calibrate);
    constant.emplace_back(static_cast<std::size_t>(window.test->rows()),
                          BaseRate(*window.train, *window.calibrate));
    TENUTO_ASSIGN_OR_RETURN(std::vector<double> of_logistic,
                            PredictLogistic(all, *window.test));
    logistic.push_back(std::move(of_logistic));
    TENUTO_ASSIGN_OR_RETURN(std::vector<double> of_plain,
                            PredictPlain(all, *window.test, seed));
    plain.push_back(std::move(of_plain));
  }
  std::vector<BaselineLine> lines;
  const auto add = [&](const char* name,
                       const std::vector<std::vector<double>>& probabilities)
      -> absl::Status {
    BaselineLine line;
    line.name = name;
    std::vector<PairedWindow> pairs;
    double rows = 0;
    for (std::size_t k = 0; k < windows.size(); ++k) {
      const TrainingMatrix& test = *windows[k].test;
      pairs.push_back(
          {{windows[k].product, test.labels, test.groups}, probabilities[k]});
      line.auc += Auc(probabilities[k], test.labels) /
                  static_cast<double>(windows.size());
      line.log_loss += LogLoss(probabilities[k], test.labels) * test.rows();
      rows += test.rows();
    }
    line.log_loss /= rows;
    TENUTO_ASSIGN_OR_RETURN(line.difference, ComparePaired(pairs, seed));
    lines.push_back(std::move(line));
    return absl::OkStatus();
  };
  TENUTO_RETURN_IF_ERROR(add("constant", constant));
  TENUTO_RETURN_IF_ERROR(add("logistic regression", logistic));
  TENUTO_RETURN_IF_ERROR(add("plain xgboost", plain));
  return lines;
}

std::string FormatBaselines(absl::Span<const BaselineLine> lines) {
  std::string text = absl::StrFormat("%-20s %8s %9s   %-30s %s\n", "baseline",
                                     "AUC", "log loss", "AUC of ours minus it",
                                     "log loss of ours minus it");
  for (const BaselineLine& line : lines) {
    absl::StrAppendFormat(&text, "%-20s %8.4f %9.4f   %-30s %s\n", line.name,
                          line.auc, line.log_loss,
                          ShowDifference(line.difference.auc),
                          ShowDifference(line.difference.log_loss));
  }
  return text;
}

std::string BaselinesJson(absl::Span<const BaselineLine> lines) {
  return absl::StrCat(
      "[",
      absl::StrJoin(
          lines, ",",
          [](std::string* json, const BaselineLine& line) {
            absl::StrAppend(
                json, "{\"name\":", JsonString(line.name),
                ",\"auc\":", JsonNumber(line.auc),
                ",\"log_loss\":", JsonNumber(line.log_loss),
                ",\"auc_difference\":", DifferenceJson(line.difference.auc),
                ",\"log_loss_difference\":",
                DifferenceJson(line.difference.log_loss), "}");
          }),
      "]");
}

}  // namespace tenuto
