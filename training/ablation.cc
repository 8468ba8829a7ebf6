#include "training/ablation.h"

#include <atomic>
#include <map>
#include <thread>

#include "absl/strings/str_format.h"
#include "features/base/status_macros.h"
#include "training/evaluator.h"
#include "training/model_fit.h"

namespace tenuto {
namespace {

struct Fitted {
  std::vector<int> columns;
  absl::Status status;
  double auc = 0;
  double log_loss = 0;
};

absl::Status FitOn(const TrainingMatrix& train, const TrainingMatrix& calibrate,
                   const TrainingMatrix& test, const ForestOptions& options,
                   Fitted& fitted) {
  const TrainingMatrix part = test.SelectColumns(fitted.columns);
  TENUTO_ASSIGN_OR_RETURN(
      const FittedModel model,
      FitModel(train.SelectColumns(fitted.columns),
               calibrate.SelectColumns(fitted.columns), options));
  TENUTO_ASSIGN_OR_RETURN(const std::vector<double> probabilities,
                          PredictProbabilities(model, part));
  fitted.auc = Auc(probabilities, part.labels);
  fitted.log_loss = LogLoss(probabilities, part.labels);
  return absl::OkStatus();
}

// Column numbers by family.
std::map<std::string, std::vector<int>> Families(const TrainingMatrix& rows,
                                                 const Catalogue& catalogue) {
  std::map<std::string, std::vector<int>> families;
  for (int c = 0; c < rows.width(); ++c) {
    const Feature* feature =
        catalogue.FindFeature(rows.columns[static_cast<std::size_t>(c)]);
    families[feature->declaration.family()].push_back(c);
  }
  return families;
}

std::vector<int> AllBut(int width, const std::vector<int>& left_out) {
  std::vector<int> columns;
  std::size_t next = 0;
  for (int c = 0; c < width; ++c) {
    if (next < left_out.size() && left_out[next] == c) {
      ++next;
    } else {
      columns.push_back(c);
    }
  }
  return columns;
}

}  // namespace

absl::StatusOr<std::vector<AblationLine>> AblateFamilies(
    const TrainingMatrix& train, const TrainingMatrix& calibrate,
    const TrainingMatrix& test, const Catalogue& catalogue,
    const ForestOptions& options, int threads) {
  const auto families = Families(train, catalogue);
  std::vector<Fitted> fits(1);  // All; then without and alone by family.
  fits[0].columns = AllBut(train.width(), {});
  for (const auto& [family, columns] : families) {
    fits.push_back({AllBut(train.width(), columns), {}, 0, 0});
    fits.push_back({columns, {}, 0, 0});
  }
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t k = next++; k < fits.size(); k = next++) {
      fits[k].status = FitOn(train, calibrate, test, options, fits[k]);
    }
  };
  std::vector<std::thread> helpers;
  for (int k = 1; k < threads; ++k) helpers.emplace_back(work);
  work();
  for (std::thread& helper : helpers) helper.join();
  for (const Fitted& fitted : fits) TENUTO_RETURN_IF_ERROR(fitted.status);

  std::vector<AblationLine> lines = {
      {"all", train.width(), fits[0].auc, fits[0].log_loss, fits[0].auc}};
  std::size_t k = 1;
  for (const auto& [family, columns] : families) {
    lines.push_back({family, static_cast<int>(columns.size()), fits[k].auc,
                     fits[k].log_loss, fits[k + 1].auc});
    k += 2;
  }
  return lines;
}

std::string FormatAblation(absl::Span<const AblationLine> lines) {
  std::string text =
      absl::StrFormat("%-12s %8s %12s %17s %10s\n", "family", "columns",
                      "AUC without", "log loss without", "AUC alone");
  for (const AblationLine& line : lines) {
    absl::StrAppendFormat(&text, "%-12s %8d %12.4f %17.5f %10.4f\n",
                          line.family, line.columns, line.auc_without,
                          line.log_loss_without, line.auc_alone);
  }
  return text;
}

}  // namespace tenuto
