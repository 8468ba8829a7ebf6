#include "training/trainer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "features/base/clock.h"
#include "features/base/status_macros.h"
#include "model/forest/compiled_forest.h"
#include "model/forest/forest_json.h"
#include "xgboost/c_api.h"

namespace tenuto {
namespace {

absl::Status Check(int result, absl::string_view what) {
  if (result == 0) return absl::OkStatus();
  const std::string reason = XGBGetLastError();
  return absl::InternalError(absl::StrCat("XGBoost cannot ", what, ": ",
                                          reason.substr(0, reason.find('\n'))));
}

class Matrix {
 public:
  Matrix() = default;
  ~Matrix() {
    if (handle_ != nullptr) XGDMatrixFree(handle_);
  }
  Matrix(const Matrix&) = delete;
  Matrix& operator=(const Matrix&) = delete;

  absl::Status Load(const TrainingMatrix& rows) {
    TENUTO_RETURN_IF_ERROR(
        Check(XGDMatrixCreateFromMat_omp(
                  rows.values.data(), static_cast<bst_ulong>(rows.rows()),
                  static_cast<bst_ulong>(rows.width()),
                  std::numeric_limits<float>::quiet_NaN(), &handle_, 1),
              "read the rows"));
    return Check(XGDMatrixSetFloatInfo(handle_, "label", rows.labels.data(),
                                       rows.labels.size()),
                 "read the labels");
  }
  absl::Status WeighColumns(const std::vector<float>& weights) {
    return Check(XGDMatrixSetFloatInfo(handle_, "feature_weights",
                                       weights.data(), weights.size()),
                 "weigh the columns");
  }
  DMatrixHandle handle() const { return handle_; }

 private:
  DMatrixHandle handle_ = nullptr;
};

// One booster while it grows.
class Fit {
 public:
  Fit() = default;
  ~Fit() {
    if (handle_ != nullptr) XGBoosterFree(handle_);
  }
  Fit(const Fit&) = delete;
  Fit& operator=(const Fit&) = delete;

  absl::Status Start(const TrainingMatrix& train,
                     const TrainingMatrix* validate,
                     const ForestOptions& options) {
    TENUTO_RETURN_IF_ERROR(train_.Load(train));
    if (!options.column_weights.empty()) {
      TENUTO_RETURN_IF_ERROR(train_.WeighColumns(options.column_weights));
    }
    std::vector<DMatrixHandle> matrices = {train_.handle()};
    if (validate != nullptr) {
      TENUTO_RETURN_IF_ERROR(validate_.Load(*validate));
      matrices.push_back(validate_.handle());
    }
    TENUTO_RETURN_IF_ERROR(Check(
        XGBoosterCreate(matrices.data(), matrices.size(), &handle_), "start"));
    const double rate = static_cast<double>(train.positives()) / train.rows();
    const std::vector<std::pair<const char*, std::string>> parameters = {
        {"objective", "binary:logistic"},
        {"tree_method", "hist"},
        {"base_score", absl::StrCat(rate)},
        {"eta", absl::StrCat(options.eta)},
        {"max_depth", absl::StrCat(options.depth)},
        {"min_child_weight", absl::StrCat(options.child_weight_min)},
        {"lambda", absl::StrCat(options.lambda)},
        {"subsample", absl::StrCat(options.row_share)},
        {"colsample_bynode", absl::StrCat(options.column_share)},
        // XGBoost reads a signed number.
        {"seed", absl::StrCat(options.seed & ~(std::uint64_t{1} << 63))},
        {"seed_per_iteration", "true"},
        {"nthread", "1"},
    };
    for (const auto& [name, value] : parameters) {
      TENUTO_RETURN_IF_ERROR(Set(name, value));
    }
    if (options.monotone.empty()) return absl::OkStatus();
    return Set("monotone_constraints",
               absl::StrCat("(", absl::StrJoin(options.monotone, ","), ")"));
  }

  absl::Status Round(int round) {
    return Check(XGBoosterUpdateOneIter(handle_, round, train_.handle()),
                 "train");
  }

  absl::StatusOr<double> ValidationLoss(absl::Span<const float> labels) {
    constexpr char kConfig[] =
        R"({"type":1,"training":false,"iteration_begin":0,"iteration_end":0,)"
        R"("strict_shape":false})";
    const bst_ulong* shape = nullptr;
    bst_ulong dimensions = 0;
    const float* margins = nullptr;
    TENUTO_RETURN_IF_ERROR(
        Check(XGBoosterPredictFromDMatrix(handle_, validate_.handle(), kConfig,
                                          &shape, &dimensions, &margins),
              "validate"));
    double loss = 0;
    for (std::size_t k = 0; k < labels.size(); ++k) {
      // -log(sigmoid(m)) or -log(1 - sigmoid(m)), without overflow.
      const double m = labels[k] > 0.5f ? -margins[k] : margins[k];
      loss += std::max(m, 0.0) + std::log1p(std::exp(-std::abs(m)));
    }
    return loss / static_cast<double>(labels.size());
  }

  absl::StatusOr<std::string> Json(int rounds) {
    BoosterHandle part = nullptr;
    TENUTO_RETURN_IF_ERROR(
        Check(XGBoosterSlice(handle_, 0, rounds, 1, &part), "take the trees"));
    const char* bytes = nullptr;
    bst_ulong size = 0;
    const absl::Status status = Check(
        XGBoosterSaveModelToBuffer(part, R"({"format":"json"})", &size, &bytes),
        "save the model");
    std::string json = status.ok() ? std::string(bytes, size) : std::string();
    XGBoosterFree(part);
    TENUTO_RETURN_IF_ERROR(status);
    return json;
  }

 private:
  absl::Status Set(const char* name, const std::string& value) {
    return Check(XGBoosterSetParam(handle_, name, value.c_str()), name);
  }

  Matrix train_;
  Matrix validate_;
  BoosterHandle handle_ = nullptr;
};

// Grows until the validation loss stops falling; the best number of rounds.
absl::StatusOr<int> Grow(const TrainingMatrix* validate,
                         const ForestOptions& options, Fit& fit,
                         std::vector<double>& losses) {
  double best = std::numeric_limits<double>::infinity();
  int best_rounds = 1;
  for (int round = 0; round < options.rounds; ++round) {
    TENUTO_RETURN_IF_ERROR(fit.Round(round));
    if (validate == nullptr) continue;
    TENUTO_ASSIGN_OR_RETURN(const double loss,
                            fit.ValidationLoss(validate->labels));
    losses.push_back(loss);
    if (loss < best) {
      best = loss;
      best_rounds = round + 1;
    }
    if (round + 1 >= best_rounds + options.early_stopping_rounds) break;
  }
  return validate == nullptr ? options.rounds : best_rounds;
}

}  // namespace

ForestOptions ForestOptions::Plain(std::uint64_t seed) {
  ForestOptions options;
  options.rounds = 100;
  options.eta = 0.3;
  options.depth = 6;
  options.child_weight_min = 1;
  options.lambda = 1;
  options.row_share = 1;
  options.column_share = 1;
  options.seed = seed;
  return options;
}

absl::StatusOr<TrainedForest> TrainForest(const TrainingMatrix& train,
                                          const TrainingMatrix* validate,
                                          const ForestOptions& options) {
  const std::int64_t positives = train.positives();
  if (positives == 0 || positives == train.rows()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the ", train.rows(), " training rows have one class only (", positives,
        " positive); nothing can be learnt from them"));
  }
  const absl::Time start = Clock::Real().Now();
  TrainedForest forest;
  Fit fit;
  TENUTO_RETURN_IF_ERROR(fit.Start(train, validate, options));
  TENUTO_ASSIGN_OR_RETURN(forest.trees,
                          Grow(validate, options, fit, forest.loss_by_round));
  TENUTO_ASSIGN_OR_RETURN(forest.model_json, fit.Json(forest.trees));
  forest.seconds = absl::ToDoubleSeconds(Clock::Real().Now() - start);
  return forest;
}

absl::StatusOr<std::vector<float>> PredictMargins(absl::string_view model_json,
                                                  const TrainingMatrix& rows) {
  // As a server will, in a fraction of XGBoost's time.
  TENUTO_ASSIGN_OR_RETURN(const Forest forest,
                          ReadForestJson(model_json, rows.width()));
  TENUTO_ASSIGN_OR_RETURN(const CompiledForest compiled,
                          CompiledForest::Compile({&forest, 1}));
  std::vector<std::byte> scratch(compiled.ScratchBytes());
  std::vector<float> margins(static_cast<std::size_t>(rows.rows()));
  TENUTO_RETURN_IF_ERROR(compiled.PredictMargins(
      rows.values, absl::MakeSpan(margins), absl::MakeSpan(scratch)));
  return margins;
}

}  // namespace tenuto
