#include "training/evaluator.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "features/base/status_macros.h"
#include "training/split_mix.h"

namespace tenuto {
namespace {

constexpr int kEceBins = 20;
constexpr int kDeciles = 10;
constexpr double kProbabilityFloor = 1e-12;
constexpr double kTail = 0.025;

double RowLoss(double probability, float label) {
  const double p =
      std::clamp(probability, kProbabilityFloor, 1 - kProbabilityFloor);
  return label > 0.5f ? -std::log(p) : -std::log1p(-p);
}

// Every figure of an evaluation, without intervals.
struct Figures {
  double auc = 0, average_precision = 0, log_loss = 0, log_loss_constant = 0,
         brier = 0, ece = 0, slope = 1, intercept = 0, lift = 0;
};

// Where a block goes whose middle lies at this share of the weight.
std::size_t BinOf(double seen, double tie, double all, int bins) {
  const double middle = (seen + tie / 2) / all;
  return std::min(static_cast<std::size_t>(middle * bins),
                  static_cast<std::size_t>(bins - 1));
}

// Numbers groups from 0, the same for every set of rows that shares it.
class GroupNumbers {
 public:
  int Of(std::uint64_t group) {
    return numbers_.try_emplace(group, static_cast<int>(numbers_.size()))
        .first->second;
  }
  int count() const { return static_cast<int>(numbers_.size()); }

 private:
  absl::flat_hash_map<std::uint64_t, int> numbers_;
};

// Rows sorted once by falling probability; each draw only changes weights.
// Rows of equal probability are taken as one block everywhere, so that no
// figure depends on the order in which ties happen to lie.
class SortedRows {
 public:
  SortedRows(const ScoredRows& scored, absl::Span<const double> constants,
             GroupNumbers& numbers) {
    const std::size_t n = scored.labels.size();
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) {
                       return scored.probabilities[a] > scored.probabilities[b];
                     });
    for (const std::size_t r : order) {
      const double p = scored.probabilities[r];
      const float y = scored.labels[r];
      probability_.push_back(p);
      label_.push_back(y);
      loss_.push_back(RowLoss(p, y));
      constant_loss_.push_back(RowLoss(constants[r], y));
      const double bounded =
          std::clamp(p, kProbabilityFloor, 1 - kProbabilityFloor);
      logit_.push_back(std::log(bounded / (1 - bounded)));
      group_.push_back(numbers.Of(scored.groups[r]));
    }
  }

  std::size_t size() const { return label_.size(); }

  // Calls visit(probability, weight, weight of the positives) for each block,
  // highest first.
  template <typename Visit>
  void VisitTies(const std::vector<double>& w, Visit visit) const {
    for (std::size_t k = 0; k < size();) {
      const double p = probability_[k];
      double all = 0, positive = 0;
      for (; k < size() && probability_[k] == p; ++k) {
        all += w[k];
        if (label_[k] > 0.5f) positive += w[k];
      }
      if (all > 0) visit(p, all, positive);
    }
  }

  double WeightOf(const std::vector<double>& weights) const {
    double all = 0;
    for (const int g : group_) all += weights[static_cast<std::size_t>(g)];
    return all;
  }

  // Ranking and losses; `weights` by group. False when a class has no weight.
  bool MeasureBasics(const std::vector<double>& weights, Figures& out) const {
    std::vector<double> w;
    double all = 0;
    return Spread(weights, w, all, out);
  }

  // Every figure. The search for the calibration line starts at `out`'s.
  bool Measure(const std::vector<double>& weights, Figures& out) const {
    std::vector<double> w;
    double all = 0;
    if (!Spread(weights, w, all, out)) return false;
    MeasureEce(w, all, out);
    MeasureCalibration(w, out);
    return true;
  }

 private:
  // Weights of rows from those of groups, and the figures both callers want.
  bool Spread(const std::vector<double>& weights, std::vector<double>& w,
              double& all, Figures& out) const {
    w.resize(size());
    double positive = 0;
    for (std::size_t k = 0; k < size(); ++k) {
      w[k] = weights[static_cast<std::size_t>(group_[k])];
      all += w[k];
      if (label_[k] > 0.5f) positive += w[k];
    }
    if (positive <= 0 || positive >= all) return false;
    MeasureRanking(w, all, positive, out);
    MeasureLosses(w, all, out);
    return true;
  }

  void MeasureRanking(const std::vector<double>& w, double all, double positive,
                      Figures& out) const {
    double seen = 0, found = 0, area = 0, precision = 0;
    double top_all = 0, top_found = 0;
    const double top = all / kDeciles;
    VisitTies(w, [&](double, double tie, double tie_positive) {
      // Negatives of the tie lie below all positives found before, and beside
      // half of those of the tie.
      area += (tie - tie_positive) * (found + tie_positive / 2);
      const double share = std::clamp((top - top_all) / tie, 0.0, 1.0);
      top_all += share * tie;
      top_found += share * tie_positive;
      seen += tie;
      found += tie_positive;
      precision += tie_positive * found / seen;
    });
    out.auc = area / (positive * (all - positive));
    out.average_precision = precision / positive;
    out.lift = top_all > 0 ? top_found / top_all / (positive / all) : 0;
  }

  void MeasureLosses(const std::vector<double>& w, double all,
                     Figures& out) const {
    double loss = 0, constant = 0, brier = 0;
    for (std::size_t k = 0; k < size(); ++k) {
      loss += w[k] * loss_[k];
      constant += w[k] * constant_loss_[k];
      const double error = probability_[k] - static_cast<double>(label_[k]);
      brier += w[k] * error * error;
    }
    out.log_loss = loss / all;
    out.log_loss_constant = constant / all;
    out.brier = brier / all;
  }

  void MeasureEce(const std::vector<double>& w, double all,
                  Figures& out) const {
    std::array<double, kEceBins> surplus{};
    double seen = 0;
    VisitTies(w, [&](double p, double tie, double tie_positive) {
      surplus[BinOf(seen, tie, all, kEceBins)] += tie_positive - tie * p;
      seen += tie;
    });
    out.ece = 0;
    for (const double bin : surplus) out.ece += std::abs(bin) / all;
  }

  // Logistic regression of the label on the logit; ideal is slope 1,
  // intercept 0 (Cox 1958).
  void MeasureCalibration(const std::vector<double>& w, Figures& out) const {
    double a = out.intercept, b = out.slope;
    for (int step = 0; step < 12; ++step) {
      double g0 = 0, g1 = 0, h00 = 1e-9, h01 = 0, h11 = 1e-9;
      for (std::size_t k = 0; k < size(); ++k) {
        if (w[k] == 0) continue;
        const double x = logit_[k];
        const double p = 1 / (1 + std::exp(-(a + b * x)));
        const double error = w[k] * (static_cast<double>(label_[k]) - p);
        const double weight = w[k] * p * (1 - p);
        g0 += error;
        g1 += error * x;
        h00 += weight;
        h01 += weight * x;
        h11 += weight * x * x;
      }
      const double det = h00 * h11 - h01 * h01;
      if (det < 1e-9) break;
      const double d0 = std::clamp((h11 * g0 - h01 * g1) / det, -3.0, 3.0);
      const double d1 = std::clamp((h00 * g1 - h01 * g0) / det, -1.0, 1.0);
      a += d0;
      b += d1;
      if (std::abs(d0) + std::abs(d1) < 1e-8) break;
    }
    out.intercept = a;
    out.slope = b;
  }

  std::vector<double> probability_, loss_, constant_loss_, logit_;
  std::vector<float> label_;
  std::vector<int> group_;
};

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
  const SortedRows rows(scored, constants, numbers);
  Figures figures;
  rows.Measure(
      std::vector<double>(static_cast<std::size_t>(numbers.count()), 1.0),
      figures);
  std::vector<Figures> draws;
  SplitMix64 random(seed);
  for (int k = 0; k < bootstrap_rounds; ++k) {
    Figures drawn;
    drawn.slope = figures.slope;
    drawn.intercept = figures.intercept;
    if (rows.Measure(DrawGroups(numbers.count(), random), drawn)) {
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
  return text;
}

}  // namespace tenuto
