#include "training/simulation/fidelity.h"

#include <algorithm>

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

std::array<double, 4> GapsOf(const ComparedPayment& payment) {
  std::array<double, 4> gaps = ValuesOf(payment.expected);
  const std::array<double, 4> of_log = ValuesOf(payment.observed);
  for (std::size_t k = 0; k < gaps.size(); ++k) gaps[k] -= of_log[k];
  return gaps;
}

}  // namespace

void OutcomeGaps::Add(const ComparedPayment& payment, bool is_first) {
  size_.payments += 1;
  size_.subscribers += is_first ? 1 : 0;
  const std::array<double, 4> of_model = ValuesOf(payment.expected);
  const std::array<double, 4> variances = VariancesOf(payment.expected);
  const std::array<double, 4> gaps = GapsOf(payment);
  for (std::size_t k = 0; k < sums_.size(); ++k) {
    sums_[k].expected += of_model[k];
    sums_[k].variance += variances[k];
    sums_[k].gap.Add(gaps[k]);
  }
}

void OutcomeGaps::AddPair(const ComparedPayment& one,
                          const ComparedPayment& other) {
  size_.pairs += 1;
  const std::array<double, 4> gaps = GapsOf(one);
  const std::array<double, 4> gaps_of_other = GapsOf(other);
  for (std::size_t k = 0; k < sums_.size(); ++k) {
    sums_[k].gap.AddPair(gaps[k], gaps_of_other[k]);
  }
}

void OutcomeGaps::Add(const OutcomeGaps& more) {
  size_.payments += more.size_.payments;
  size_.pairs += more.size_.pairs;
  size_.subscribers += more.size_.subscribers;
  for (std::size_t k = 0; k < sums_.size(); ++k) {
    sums_[k].expected += more.sums_[k].expected;
    sums_[k].variance += more.sums_[k].variance;
    sums_[k].gap.Add(more.sums_[k].gap);
  }
}

Compared OutcomeGaps::MeanOf(const Sums& sums) const {
  const double n = size_.payments;
  if (n == 0) return {};
  const Estimate gap = WithVariance(
      sums.gap.total, std::max(VarianceOf(sums.gap, size_), sums.variance));
  return {.simulated = sums.expected / n,
          .observed = (sums.expected - sums.gap.total) / n,
          .low = gap.low / n,
          .high = gap.high / n};
}

ComparedOutcomes OutcomeGaps::Means() const {
  return {MeanOf(sums_[0]), MeanOf(sums_[1]), MeanOf(sums_[2]),
          MeanOf(sums_[3])};
}

Watching Watching::Of(absl::Span<const SurvivalOutcome> outcomes) {
  constexpr double kWatchedMin = 0.1;
  Watching watching{CensoringSurvival(outcomes, kUnpaidDays), 0, {}};
  while (watching.days < kUnpaidDays &&
         watching.watched[static_cast<std::size_t>(watching.days)] >=
             kWatchedMin) {
    const auto day = static_cast<std::size_t>(++watching.days);
    watching.weights[day] = 1 / watching.watched[day - 1];
  }
  return watching;
}

}  // namespace tenuto
