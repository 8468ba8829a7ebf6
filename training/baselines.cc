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

std::vector<double> PredictConstant(const TrainingMatrix& train,
                                    const TrainingMatrix& test) {
  const double rate = static_cast<double>(train.positives()) /
                      static_cast<double>(train.rows());
  return std::vector<double>(static_cast<std::size_t>(test.rows()), rate);
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
    const TrainingMatrix& train, const TrainingMatrix& calibrate,
    const TrainingMatrix& test, absl::Span<const double> product,
    std::uint64_t seed) {
  const TrainingMatrix all = Join(train, calibrate);
  std::vector<std::pair<std::string, std::vector<double>>> baselines;
  baselines.emplace_back("constant", PredictConstant(all, test));
  TENUTO_ASSIGN_OR_RETURN(std::vector<double> logistic,
                          PredictLogistic(all, test));
  baselines.emplace_back("logistic regression", std::move(logistic));
  TENUTO_ASSIGN_OR_RETURN(std::vector<double> plain,
                          PredictPlain(all, test, seed));
  baselines.emplace_back("plain xgboost", std::move(plain));

  const ScoredRows scored{product, test.labels, test.groups};
  std::vector<BaselineLine> lines;
  for (const auto& [name, probabilities] : baselines) {
    BaselineLine line;
    line.name = name;
    line.auc = Auc(probabilities, test.labels);
    line.log_loss = LogLoss(probabilities, test.labels);
    TENUTO_ASSIGN_OR_RETURN(line.difference,
                            ComparePaired(scored, probabilities, seed));
    lines.push_back(std::move(line));
  }
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
