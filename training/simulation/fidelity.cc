#include "training/simulation/fidelity.h"

#include <algorithm>

#include "training/simulation/policy_tally.h"

namespace tenuto {
namespace {

std::array<double, 4> ValuesOf(const TrialOutcome& outcome) {
  return {outcome.net_minor, outcome.free_days, outcome.attempts,
          outcome.messages};
}

std::array<double, 4> VariancesOf(const TrialOutcome& outcome) {
  return {outcome.net_variance, outcome.free_days_variance,
          outcome.attempts_variance, outcome.messages_variance};
}

}  // namespace

void OutcomeGaps::Add(const TrialOutcome& expected,
                      const TrialOutcome& observed) {
  payments_ += 1;
  const std::array<double, 4> of_model = ValuesOf(expected);
  const std::array<double, 4> variances = VariancesOf(expected);
  const std::array<double, 4> of_log = ValuesOf(observed);
  for (std::size_t k = 0; k < sums_.size(); ++k) {
    const double gap = of_model[k] - of_log[k];
    sums_[k].expected += of_model[k];
    sums_[k].variance += variances[k];
    sums_[k].gap += gap;
    sums_[k].gap_squares += gap * gap;
  }
}

void OutcomeGaps::Add(const OutcomeGaps& more) {
  payments_ += more.payments_;
  for (std::size_t k = 0; k < sums_.size(); ++k) {
    sums_[k].expected += more.sums_[k].expected;
    sums_[k].variance += more.sums_[k].variance;
    sums_[k].gap += more.sums_[k].gap;
    sums_[k].gap_squares += more.sums_[k].gap_squares;
  }
}

Compared OutcomeGaps::MeanOf(const Sums& sums) const {
  if (payments_ == 0) return {};
  const double squares = std::max(
      sums.gap_squares, sums.variance + sums.gap * sums.gap / payments_);
  const Estimate gap = TotalOf(sums.gap, squares, payments_);
  return {.simulated = sums.expected / payments_,
          .observed = (sums.expected - sums.gap) / payments_,
          .low = gap.low / payments_,
          .high = gap.high / payments_};
}

ComparedOutcomes OutcomeGaps::Means() const {
  return {MeanOf(sums_[0]), MeanOf(sums_[1]), MeanOf(sums_[2]),
          MeanOf(sums_[3])};
}

AgreementWeights WatchedWeights(const Survival& watched, int days) {
  AgreementWeights weights{};
  for (int day = 1; day <= days; ++day) {
    const auto at = static_cast<std::size_t>(day);
    weights[at] = 1 / watched[at - 1];
  }
  return weights;
}

}  // namespace tenuto
