#include "training/simulation/policy_tally.h"

#include <algorithm>
#include <cmath>

namespace tenuto {
namespace {

void AddWithSquare(double value, double variance, double& sum,
                   double& squares) {
  sum += value;
  squares += value * value + variance;
}

// What it is worth if it is recovered.
double EachOf(const TrialOutcome& outcome) {
  return outcome.recovered != 0 ? outcome.recovered_minor / outcome.recovered
                                : 0;
}

double Through(int day, const RecoveryDays::Days& days) {
  double sum = 0;
  for (int k = 0; k <= day; ++k) sum += days[static_cast<std::size_t>(k)];
  return sum;
}

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
  AddWithSquare(outcome.recovered, outcome.recovered_variance, recovered,
                recovered_squares);
  recovered_minor += outcome.recovered_minor;
  const double each = EachOf(outcome);
  recovered_minor_squares += outcome.recovered_minor * outcome.recovered_minor +
                             each * each * outcome.recovered_variance;
  AddWithSquare(outcome.net_minor, outcome.net_variance, net, net_squares);
  difference += outcome.net_minor - current.net_minor;
  difference_squares += DifferenceSquare(outcome, current);
  personal_gain += personal.net_minor - outcome.net_minor;
  personal_gain_squares += DifferenceSquare(personal, outcome);
  AddWithSquare(outcome.free_days, outcome.free_days_variance, free_days,
                free_days_squares);
  AddWithSquare(outcome.attempts, outcome.attempts_variance, attempts,
                attempts_squares);
  AddWithSquare(outcome.messages, outcome.messages_variance, messages,
                messages_squares);
}

void PolicySums::Add(const PolicySums& more) {
  failures += more.failures;
  recovered += more.recovered;
  recovered_squares += more.recovered_squares;
  recovered_minor += more.recovered_minor;
  recovered_minor_squares += more.recovered_minor_squares;
  net += more.net;
  net_squares += more.net_squares;
  difference += more.difference;
  difference_squares += more.difference_squares;
  personal_gain += more.personal_gain;
  personal_gain_squares += more.personal_gain_squares;
  free_days += more.free_days;
  free_days_squares += more.free_days_squares;
  attempts += more.attempts;
  attempts_squares += more.attempts_squares;
  messages += more.messages;
  messages_squares += more.messages_squares;
}

void RecoveryDays::Add(const RecoveryDays& more) {
  for (std::size_t day = 0; day < payments.size(); ++day) {
    payments[day] += more.payments[day];
    minor[day] += more.minor[day];
    payments_squares[day] += more.payments_squares[day];
    minor_squares[day] += more.minor_squares[day];
  }
}

// The square of what is recovered or not is as likely as that itself.
void RecoveryDays::Add(const RecoveryCurve& curve, double recovered_minor,
                       bool put_right) {
  double through = 0;
  for (std::size_t day = 1; day <= kUnpaidDays; ++day) {
    const double chance = curve[day].by_user + curve[day].by_retry;
    const double square = put_right ? chance * (2 * through + chance) : chance;
    through += chance;
    payments[day] += chance;
    payments_squares[day] += square;
    minor[day] += recovered_minor * chance;
    minor_squares[day] += recovered_minor * recovered_minor * square;
  }
}

Estimate RecoveryDays::PaymentsBy(int day, double failures) const {
  return TotalOf(Through(day, payments), Through(day, payments_squares),
                 failures);
}

Estimate RecoveryDays::MinorBy(int day, double failures) const {
  return TotalOf(Through(day, minor), Through(day, minor_squares), failures);
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
      AddWithSquare(outcome.recovered, 0, days.payments[day],
                    days.payments_squares[day]);
      AddWithSquare(outcome.recovered_minor, 0, days.minor[day],
                    days.minor_squares[day]);
      continue;
    }
    // Spread over the days by their chances.
    days.Add(curves[policy], EachOf(outcome), outcome.put_right);
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
