#include "training/evaluator.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "features/base/status_macros.h"
#include "training/sorted_rows.h"
#include "training/split_mix.h"

namespace tenuto {
namespace {

constexpr double kTail = 0.025;

absl::Status CheckRows(const ScoredRows& scored) {
  if (scored.probabilities.size() != scored.labels.size() ||
      scored.groups.size() != scored.labels.size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        scored.probabilities.size(), " probabilities, ", scored.labels.size(),
        " labels and ", scored.groups.size(), " groups must be as many"));
  }
  double positives = 0;
  for (std::size_t r = 0; r < scored.labels.size(); ++r) {
    const double p = scored.probabilities[r];
    if (!(p >= 0 && p <= 1)) {
      return absl::InvalidArgumentError(
          absl::StrCat("test row ", r, ": ", p, " is no probability"));
    }
    positives += scored.labels[r] > 0.5f;
  }
  if (positives == 0 ||
      positives == static_cast<double>(scored.labels.size())) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the ", scored.labels.size(), " test rows have one class only (",
        positives, " positive); choose a longer test period"));
  }
  return absl::OkStatus();
}

// Draws as many groups as there are, with replacement.
std::vector<double> DrawGroups(int groups, SplitMix64& random) {
  std::vector<double> weights(static_cast<std::size_t>(groups), 0);
  for (int k = 0; k < groups; ++k) {
    weights[random.Below(static_cast<std::uint64_t>(groups))] += 1;
  }
  return weights;
}

// The middle 95 % of the draws.
Estimate Interval(double value, std::vector<double> draws) {
  Estimate estimate{value, value, value};
  if (draws.empty()) return estimate;
  std::sort(draws.begin(), draws.end());
  const auto at = [&](double q) {
    return draws[static_cast<std::size_t>(
        std::round(q * static_cast<double>(draws.size() - 1)))];
  };
  estimate.low = at(kTail);
  estimate.high = at(1 - kTail);
  return estimate;
}

// Drawing with replacement adds noise to every bin, which only ever adds to a
// sum of absolute differences: take that shift off.
Estimate ShiftedInterval(double value, std::vector<double> draws) {
  if (draws.empty()) return {value, value, value};
  const double shift = std::accumulate(draws.begin(), draws.end(), 0.0) /
                           static_cast<double>(draws.size()) -
                       value;
  Estimate estimate = Interval(value, std::move(draws));
  estimate.low = std::clamp(estimate.low - shift, 0.0, value);
  estimate.high = std::max(estimate.high - shift, value);
  return estimate;
}

// A decile that ties leave empty is left out.
std::vector<DecileLine> Deciles(const SortedRows& rows) {
  std::array<DecileLine, kDeciles> deciles;
  const auto all = static_cast<double>(rows.size());
  double seen = 0, positives = 0;
  rows.VisitTies(std::vector<double>(rows.size(), 1.0),
                 [&](double p, double tie, double tie_positive) {
                   DecileLine& line = deciles[BinOf(seen, tie, all, kDeciles)];
                   line.rows += std::llround(tie);
                   line.positives += std::llround(tie_positive);
                   line.mean_probability += tie * p;
                   seen += tie;
                   positives += tie_positive;
                 });
  std::vector<DecileLine> lines;
  double found = 0;
  for (std::size_t d = 0; d < deciles.size(); ++d) {
    DecileLine line = deciles[d];
    if (line.rows == 0) continue;
    const auto count = static_cast<double>(line.rows);
    line.decile = static_cast<int>(d) + 1;
    line.mean_probability /= count;
    line.rate = static_cast<double>(line.positives) / count;
    line.lift = line.rate / (positives / all);
    found += static_cast<double>(line.positives);
    line.gain = found / positives;
    lines.push_back(line);
  }
  return lines;
}

}  // namespace

absl::StatusOr<Evaluation> Evaluate(const ScoredRows& scored,
                                    absl::Span<const double> constants,
                                    std::uint64_t seed, int bootstrap_rounds) {
  TENUTO_RETURN_IF_ERROR(CheckRows(scored));
  TENUTO_RETURN_IF_ERROR(CheckRows({constants, scored.labels, scored.groups}));
  GroupNumbers numbers;
  SortedRows rows(scored, constants, numbers);
  const Figures figures = rows.Measure(
      std::vector<double>(static_cast<std::size_t>(numbers.count()), 1.0));
  std::vector<Figures> draws;
  SplitMix64 random(seed);
  for (int k = 0; k < bootstrap_rounds; ++k) {
    Figures drawn;
    if (rows.MeasureDraw(DrawGroups(numbers.count(), random), drawn)) {
      draws.push_back(drawn);
    }
  }
  const auto interval = [&](double Figures::*member) {
    std::vector<double> values;
    for (const Figures& drawn : draws) values.push_back(drawn.*member);
    return Interval(figures.*member, std::move(values));
  };
  Evaluation evaluation;
  evaluation.rows = static_cast<std::int64_t>(rows.size());
  for (const float label : scored.labels) {
    evaluation.positives += label > 0.5f;
  }
  evaluation.auc = interval(&Figures::auc);
  evaluation.average_precision = interval(&Figures::average_precision);
  evaluation.log_loss = interval(&Figures::log_loss);
  evaluation.log_loss_constant = interval(&Figures::log_loss_constant);
  evaluation.brier = interval(&Figures::brier);
  std::vector<double> eces;
  for (const Figures& drawn : draws) eces.push_back(drawn.ece);
  evaluation.ece = ShiftedInterval(figures.ece, std::move(eces));
  evaluation.calibration_slope = interval(&Figures::slope);
  evaluation.calibration_intercept = interval(&Figures::intercept);
  evaluation.lift_top_decile = interval(&Figures::lift);
  evaluation.deciles = Deciles(rows);
  return evaluation;
}

double Auc(absl::Span<const double> probabilities,
           absl::Span<const float> labels) {
  const std::vector<std::uint64_t> groups(labels.size(), 0);
  GroupNumbers numbers;
  const SortedRows rows({probabilities, labels, groups}, probabilities,
                        numbers);
  Figures figures;
  return rows.MeasureBasics({1.0}, figures) ? figures.auc : 0.5;
}

double LogLoss(absl::Span<const double> probabilities,
               absl::Span<const float> labels) {
  double loss = 0;
  for (std::size_t k = 0; k < labels.size(); ++k) {
    loss += RowLoss(probabilities[k], labels[k]);
  }
  return loss / static_cast<double>(labels.size());
}

absl::StatusOr<PairedDifference> ComparePaired(
    absl::Span<const PairedWindow> windows, std::uint64_t seed,
    int bootstrap_rounds) {
  GroupNumbers numbers;
  std::vector<std::pair<SortedRows, SortedRows>> pairs;
  for (const PairedWindow& window : windows) {
    const ScoredRows b = {window.b_probabilities, window.a.labels,
                          window.a.groups};
    TENUTO_RETURN_IF_ERROR(CheckRows(window.a));
    TENUTO_RETURN_IF_ERROR(CheckRows(b));
    pairs.emplace_back(SortedRows(window.a, b.probabilities, numbers),
                       SortedRows(b, b.probabilities, numbers));
  }
  // False when a window has one class only under these weights.
  const auto measure = [&](const std::vector<double>& weights, double& auc,
                           double& log_loss) {
    auc = log_loss = 0;
    double all = 0;
    for (const auto& [rows_a, rows_b] : pairs) {
      Figures a, b;
      if (!rows_a.MeasureBasics(weights, a) ||
          !rows_b.MeasureBasics(weights, b)) {
        return false;
      }
      const double weight = rows_a.WeightOf(weights);
      auc += (a.auc - b.auc) / static_cast<double>(pairs.size());
      log_loss += weight * (a.log_loss - b.log_loss);
      all += weight;
    }
    log_loss /= all;
    return true;
  };
  double auc = 0, log_loss = 0;
  measure(std::vector<double>(static_cast<std::size_t>(numbers.count()), 1.0),
          auc, log_loss);
  std::vector<double> aucs, log_losses;
  SplitMix64 random(seed);
  for (int k = 0; k < bootstrap_rounds; ++k) {
    double drawn_auc = 0, drawn_log_loss = 0;
    if (!measure(DrawGroups(numbers.count(), random), drawn_auc,
                 drawn_log_loss)) {
      continue;
    }
    aucs.push_back(drawn_auc);
    log_losses.push_back(drawn_log_loss);
  }
  PairedDifference difference;
  difference.auc = Interval(auc, std::move(aucs));
  difference.log_loss = Interval(log_loss, std::move(log_losses));
  return difference;
}

std::string FormatEvaluation(const Evaluation& evaluation) {
  std::string text = absl::StrFormat("%-24s %9d   positives %d\n", "rows",
                                     evaluation.rows, evaluation.positives);
  const auto line = [&](const char* name, const Estimate& estimate) {
    absl::StrAppendFormat(&text, "%-24s %9.4f   [%.4f, %.4f]\n", name,
                          estimate.value, estimate.low, estimate.high);
  };
  line("AUC", evaluation.auc);
  line("average precision", evaluation.average_precision);
  line("log loss", evaluation.log_loss);
  line("log loss of constant", evaluation.log_loss_constant);
  line("Brier score", evaluation.brier);
  line("ECE (20 bins) *", evaluation.ece);
  line("calibration slope", evaluation.calibration_slope);
  line("calibration intercept", evaluation.calibration_intercept);
  line("lift of top decile", evaluation.lift_top_decile);
  absl::StrAppend(&text,
                  "* the draws' mean surplus is taken off its interval: "
                  "drawing rows only raises an ECE\n"
                  "\ndecile    rows  positives   mean p     rate   lift"
                  "    gain\n");
  for (const DecileLine& decile : evaluation.deciles) {
    absl::StrAppendFormat(
        &text, "%6d  %6d  %9d  %7.4f  %7.4f  %5.2f  %5.1f %%\n", decile.decile,
        decile.rows, decile.positives, decile.mean_probability, decile.rate,
        decile.lift, 100 * decile.gain);
  }
  if (evaluation.auc.low <= 0.5) {
    absl::StrAppendFormat(
        &text, "warning: %s: AUC %.4f [%.4f, %.4f], where chance has 0.5\n",
        evaluation.auc.low == evaluation.auc.high
            ? "every row got the same probability"
            : "as far as this test shows, the model tells nobody apart",
        evaluation.auc.value, evaluation.auc.low, evaluation.auc.high);
  }
  return text;
}

}  // namespace tenuto
