// How good are these probabilities? Discrimination, calibration and lift, each
// with a bootstrap interval that draws whole users, because a user's rows are
// not independent. Formulas: design notes, mission 3.1.
// Thread-safe.
#ifndef TENUTO_TRAINING_EVALUATOR_H_
#define TENUTO_TRAINING_EVALUATOR_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace tenuto {

// A figure with its 95 % interval.
struct Estimate {
  double value = 0;
  double low = 0;
  double high = 0;
};

struct ScoredRows {
  absl::Span<const double> probabilities;
  absl::Span<const float> labels;          // 0 or 1
  absl::Span<const std::uint64_t> groups;  // Whose row it is.
};

struct DecileLine {
  int decile = 0;  // 1 is the highest probabilities.
  std::int64_t rows = 0;
  std::int64_t positives = 0;
  double mean_probability = 0;
  double rate = 0;
  double lift = 0;  // rate / base rate
  double gain = 0;  // Share of all positives found so far.
};

struct Evaluation {
  std::int64_t rows = 0;
  std::int64_t positives = 0;
  Estimate auc;
  Estimate average_precision;
  Estimate log_loss;
  Estimate log_loss_constant;  // Of saying `constants`.
  Estimate brier;
  // 20 bins of equal mass. Drawing rows adds noise that only raises an ECE, so
  // its interval is the draws' less their mean surplus, and holds the figure.
  Estimate ece;
  Estimate calibration_slope;
  Estimate calibration_intercept;
  Estimate lift_top_decile;
  std::vector<DecileLine> deciles;
};

// `constants` has what a model without features says of each row: the BaseRate
// of the row's window. kInvalidArgument unless both classes occur and every
// probability is one. Ties of probability count
// half in the AUC and stay together in bins and deciles, so that the order of
// rows changes nothing.
absl::StatusOr<Evaluation> Evaluate(const ScoredRows& scored,
                                    absl::Span<const double> constants,
                                    std::uint64_t seed,
                                    int bootstrap_rounds = 500);

// Figures without intervals.
double Auc(absl::Span<const double> probabilities,
           absl::Span<const float> labels);
double LogLoss(absl::Span<const double> probabilities,
               absl::Span<const float> labels);

// Two models' answers to the same rows of one test window.
struct PairedWindow {
  ScoredRows a;
  absl::Span<const double> b_probabilities;
};

// metric(a) - metric(b) on the same rows; a draw takes a user's rows of every
// window together.
struct PairedDifference {
  Estimate auc;       // Mean of the windows' differences.
  Estimate log_loss;  // Of all rows together.
};
absl::StatusOr<PairedDifference> ComparePaired(
    absl::Span<const PairedWindow> windows, std::uint64_t seed,
    int bootstrap_rounds = 500);

// An aligned table for people; ends with a warning where the AUC's interval
// does not lie above that of chance.
std::string FormatEvaluation(const Evaluation& evaluation);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_EVALUATOR_H_
