#include "training/simulation/policy_tally.h"

#include <algorithm>
#include <cmath>

namespace tenuto {
namespace {

// Of the difference that happens. Two policies that only chances are known of
// are taken to have luck of their own: luck in common moves both the same way,
// and how much they share nobody has seen, so this errs to the wide side.
double DifferenceSquare(const TrialOutcome& one, const TrialOutcome& other) {
  if (&one == &other) return 0;
  const double difference = one.net_minor - other.net_minor;
  return difference * difference + one.net_variance + other.net_variance;
}

}  // namespace

void PolicySums::Add(const TrialOutcome& outcome, const TrialOutcome& current,
                     const TrialOutcome& personal) {
  failures += 1;
  recovered += outcome.recovered;
  recovered_squares +=
      outcome.recovered * outcome.recovered + outcome.recovered_variance;
  recovered_minor += outcome.recovered_minor;
  net += outcome.net_minor;
  net_squares += outcome.net_minor * outcome.net_minor + outcome.net_variance;
  difference += outcome.net_minor - current.net_minor;
  difference_squares += DifferenceSquare(outcome, current);
  personal_gain += personal.net_minor - outcome.net_minor;
  personal_gain_squares += DifferenceSquare(personal, outcome);
  free_days += outcome.free_days;
  attempts += outcome.attempts;
  messages += outcome.messages;
}

void PolicySums::Add(const PolicySums& more) {
  failures += more.failures;
  recovered += more.recovered;
  recovered_squares += more.recovered_squares;
  recovered_minor += more.recovered_minor;
  net += more.net;
  net_squares += more.net_squares;
  difference += more.difference;
  difference_squares += more.difference_squares;
  personal_gain += more.personal_gain;
  personal_gain_squares += more.personal_gain_squares;
  free_days += more.free_days;
  attempts += more.attempts;
  messages += more.messages;
}

void RecoveryDays::Add(const RecoveryDays& more) {
  for (std::size_t day = 0; day < payments.size(); ++day) {
    payments[day] += more.payments[day];
    minor[day] += more.minor[day];
  }
}

double RecoveryDays::PaymentsBy(int day) const {
  double sum = 0;
  for (int k = 0; k <= day; ++k) sum += payments[static_cast<std::size_t>(k)];
  return sum;
}

double RecoveryDays::MinorBy(int day) const {
  double sum = 0;
  for (int k = 0; k <= day; ++k) sum += minor[static_cast<std::size_t>(k)];
  return sum;
}

PolicyTally::PolicyTally(std::size_t policies, std::size_t segments,
                         std::size_t current,
                         std::optional<std::size_t> personal)
    : policies_(policies),
      current_(current),
      personal_(personal),
      sums_(policies * segments),
      days_(policies) {}

void PolicyTally::Add(absl::Span<const TrialOutcome> outcomes,
                      absl::Span<const RecoveryCurve> curves,
                      absl::Span<const std::size_t> segments) {
  const TrialOutcome& current = outcomes[current_];
  for (std::size_t policy = 0; policy < policies_; ++policy) {
    const TrialOutcome& outcome = outcomes[policy];
    const TrialOutcome& personal =
        outcomes[personal_.value_or(policy)];  // Or no difference.
    sums_[policy].Add(outcome, current, personal);
    for (const std::size_t segment : segments) {
      sums_[segment * policies_ + policy].Add(outcome, current, personal);
    }
    RecoveryDays& days = days_[policy];
    if (curves.empty()) {
      const auto day = static_cast<std::size_t>(outcome.recovered_day);
      if (day == 0) continue;
      days.payments[day] += outcome.recovered;
      days.minor[day] += outcome.recovered_minor;
      continue;
    }
    // Spread over the days by their chances.
    const double each = outcome.recovered != 0
                            ? outcome.recovered_minor / outcome.recovered
                            : 0;
    for (std::size_t day = 1; day <= kUnpaidDays; ++day) {
      const RecoveryDay& on = curves[policy][day];
      days.payments[day] += on.by_user + on.by_retry;
      days.minor[day] += each * (on.by_user + on.by_retry);
    }
  }
}

void PolicyTally::Add(const PolicyTally& more) {
  for (std::size_t k = 0; k < sums_.size(); ++k) sums_[k].Add(more.sums_[k]);
  for (std::size_t k = 0; k < days_.size(); ++k) days_[k].Add(more.days_[k]);
}

Estimate TotalOf(double sum, double squares, double failures) {
  constexpr double kZ = 1.959964;
  if (failures < 2) return {sum, sum, sum};
  const double mean = sum / failures;
  const double variance = std::max(0.0, squares / failures - mean * mean) *
                          failures / (failures - 1);
  const double half = kZ * std::sqrt(variance * failures);
  return {sum, sum - half, sum + half};
}

}  // namespace tenuto
