#include "training/simulation/policy_tally.h"

#include <algorithm>

namespace tenuto {
namespace {

// What it is worth if it is recovered.
double EachOf(const TrialOutcome& outcome) {
  return outcome.recovered != 0 ? outcome.recovered_minor / outcome.recovered
                                : 0;
}

SampledSum Through(int day, const RecoveryDays::Days& days) {
  SampledSum sum;
  for (int k = 0; k <= day; ++k) sum.Add(days[static_cast<std::size_t>(k)]);
  return sum;
}

bool IsIn(std::size_t segment, const TriedPayment& payment) {
  return std::find(payment.segments.begin(), payment.segments.end(), segment) !=
         payment.segments.end();
}

double ChanceOn(std::size_t day, const RecoveryCurve& curve) {
  return curve[day].by_user + curve[day].by_retry;
}

// Of the difference that happens. Two policies that only chances are known of
// are taken to have luck of their own: luck in common moves both the same way,
// and how much they share nobody has seen, so this errs to the wide side.
double DifferenceVariance(const TrialOutcome& one, const TrialOutcome& other) {
  return &one == &other ? 0 : one.net_variance + other.net_variance;
}

}  // namespace

void PolicySums::Add(const PairedOutcome& payment, bool is_first) {
  const TrialOutcome& outcome = payment.outcome;
  size.payments += 1;
  size.subscribers += is_first ? 1 : 0;
  recovered.Add(outcome.recovered, outcome.recovered_variance);
  const double each = EachOf(outcome);
  recovered_minor.Add(outcome.recovered_minor,
                      each * each * outcome.recovered_variance);
  net.Add(outcome.net_minor, outcome.net_variance);
  difference.Add(payment.difference(),
                 DifferenceVariance(outcome, payment.current));
  personal_gain.Add(payment.gain(),
                    DifferenceVariance(payment.personal, outcome));
  free_days.Add(outcome.free_days, outcome.free_days_variance);
  attempts.Add(outcome.attempts, outcome.attempts_variance);
  messages.Add(outcome.messages, outcome.messages_variance);
}

void PolicySums::AddPair(const PairedOutcome& one, const PairedOutcome& other) {
  const auto add = [&](SampledSum& sum, double TrialOutcome::*value) {
    sum.AddPair(one.outcome.*value, other.outcome.*value);
  };
  size.pairs += 1;
  add(recovered, &TrialOutcome::recovered);
  add(recovered_minor, &TrialOutcome::recovered_minor);
  add(net, &TrialOutcome::net_minor);
  difference.AddPair(one.difference(), other.difference());
  personal_gain.AddPair(one.gain(), other.gain());
  add(free_days, &TrialOutcome::free_days);
  add(attempts, &TrialOutcome::attempts);
  add(messages, &TrialOutcome::messages);
}

void PolicySums::Add(const PolicySums& more) {
  size.payments += more.size.payments;
  size.pairs += more.size.pairs;
  size.subscribers += more.size.subscribers;
  recovered.Add(more.recovered);
  recovered_minor.Add(more.recovered_minor);
  net.Add(more.net);
  difference.Add(more.difference);
  personal_gain.Add(more.personal_gain);
  free_days.Add(more.free_days);
  attempts.Add(more.attempts);
  messages.Add(more.messages);
}

void RecoveryDays::Add(const TrialOutcome& outcome) {
  const auto day = static_cast<std::size_t>(outcome.recovered_day);
  if (day == 0) return;
  payments[day].Add(outcome.recovered);
  minor[day].Add(outcome.recovered_minor);
}

// The square of what is recovered or not is as likely as that itself.
void RecoveryDays::Add(const TrialOutcome& outcome,
                       const RecoveryCurve& curve) {
  const double each = EachOf(outcome);
  double through = 0;
  for (std::size_t day = 1; day <= kUnpaidDays; ++day) {
    const double chance = ChanceOn(day, curve);
    const double square =
        outcome.put_right ? chance * (2 * through + chance) : chance;
    through += chance;
    payments[day].total += chance;
    payments[day].squares += square;
    minor[day].total += each * chance;
    minor[day].squares += each * each * square;
  }
}

void RecoveryDays::AddPair(const TrialOutcome& one,
                           const RecoveryCurve& curve_of_one,
                           const TrialOutcome& other,
                           const RecoveryCurve& curve_of_other) {
  const double each = EachOf(one), each_of_other = EachOf(other);
  double through = 0, through_of_other = 0;
  for (std::size_t day = 1; day <= kUnpaidDays; ++day) {
    const double chance = ChanceOn(day, curve_of_one);
    const double chance_of_other = ChanceOn(day, curve_of_other);
    // By which the product of the two through a day grows.
    const double product = through * chance_of_other +
                           through_of_other * chance + chance * chance_of_other;
    through += chance;
    through_of_other += chance_of_other;
    payments[day].pair_products += product;
    payments[day].pair_totals += chance + chance_of_other;
    minor[day].pair_products += each * each_of_other * product;
    minor[day].pair_totals += each * chance + each_of_other * chance_of_other;
  }
}

void RecoveryDays::Add(const RecoveryDays& more) {
  for (std::size_t day = 0; day < payments.size(); ++day) {
    payments[day].Add(more.payments[day]);
    minor[day].Add(more.minor[day]);
  }
}

Estimate RecoveryDays::PaymentsBy(int day, const SampleSize& size) const {
  return TotalOf(Through(day, payments), size);
}

Estimate RecoveryDays::MinorBy(int day, const SampleSize& size) const {
  return TotalOf(Through(day, minor), size);
}

PolicyTally::PolicyTally(std::size_t policies, std::size_t segments,
                         std::size_t current,
                         std::optional<std::size_t> personal)
    : policies_(policies),
      current_(current),
      personal_(personal),
      sums_(policies * segments),
      days_(policies) {}

PairedOutcome PolicyTally::PairedOf(const TriedPayment& payment,
                                    std::size_t policy) const {
  return {payment.outcomes[policy], payment.outcomes[current_],
          payment.outcomes[personal_.value_or(policy)]};  // Or no difference.
}

void PolicyTally::Add(const TriedPayment& payment,
                      absl::Span<const TriedPayment> earlier) {
  const auto is_first_in = [earlier](std::size_t segment) {
    return std::none_of(
        earlier.begin(), earlier.end(),
        [segment](const TriedPayment& one) { return IsIn(segment, one); });
  };
  for (std::size_t policy = 0; policy < policies_; ++policy) {
    const PairedOutcome paired = PairedOf(payment, policy);
    sums_[policy].Add(paired, earlier.empty());
    for (const std::size_t segment : payment.segments) {
      sums_[segment * policies_ + policy].Add(paired, is_first_in(segment));
    }
    if (payment.curves.empty()) {
      days_[policy].Add(paired.outcome);
    } else {
      days_[policy].Add(paired.outcome, payment.curves[policy]);
    }
  }
}

void PolicyTally::AddPair(const TriedPayment& one, const TriedPayment& other) {
  for (std::size_t policy = 0; policy < policies_; ++policy) {
    const PairedOutcome of_one = PairedOf(one, policy);
    const PairedOutcome of_other = PairedOf(other, policy);
    sums_[policy].AddPair(of_one, of_other);
    for (const std::size_t segment : one.segments) {
      if (!IsIn(segment, other)) continue;
      sums_[segment * policies_ + policy].AddPair(of_one, of_other);
    }
    days_[policy].AddPair(of_one.outcome, one.curves[policy], of_other.outcome,
                          other.curves[policy]);
  }
}

void PolicyTally::AddUser(absl::Span<const TriedPayment> payments) {
  for (std::size_t k = 0; k < payments.size(); ++k) {
    Add(payments[k], payments.first(k));
    for (std::size_t before = 0; before < k; ++before) {
      AddPair(payments[before], payments[k]);
    }
  }
}

void PolicyTally::Add(const PolicyTally& more) {
  for (std::size_t k = 0; k < sums_.size(); ++k) sums_[k].Add(more.sums_[k]);
  for (std::size_t k = 0; k < days_.size(); ++k) days_[k].Add(more.days_[k]);
}

}  // namespace tenuto
