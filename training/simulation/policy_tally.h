// Sums over failed payments of what became of them under every policy, from
// which totals, intervals and paired differences follow. Sums are added in the
// order of the payments, whatever the threads, so that the same run gives the
// same bytes.
// Value types; not thread-safe.
#ifndef TENUTO_TRAINING_SIMULATION_POLICY_TALLY_H_
#define TENUTO_TRAINING_SIMULATION_POLICY_TALLY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "model/grace/unpaid_day.h"
#include "training/evaluator.h"
#include "training/simulation/trial.h"

namespace tenuto {

// One policy over the failed payments of one segment. Squares are those of what
// happens: where only its chances are known, their variance is in them.
struct PolicySums {
  double failures = 0;
  double recovered = 0, recovered_squares = 0;
  double recovered_minor = 0, recovered_minor_squares = 0;
  double net = 0, net_squares = 0;
  double difference = 0, difference_squares = 0;  // Net less the current's.
  double personal_gain = 0, personal_gain_squares = 0;  // Personal's less net.
  double free_days = 0, free_days_squares = 0;
  double attempts = 0, attempts_squares = 0;
  double messages = 0, messages_squares = 0;

  // A policy is paired with itself if `current` or `personal` is `outcome`.
  void Add(const TrialOutcome& outcome, const TrialOutcome& current,
           const TrialOutcome& personal);
  void Add(const PolicySums& more);
};

// What was recovered on which day.
struct RecoveryDays {
  using Days = std::array<double, kUnpaidDays + 1>;
  Days payments{};
  Days minor{};
  // Those through a day are the squares of what payments gave by then.
  Days payments_squares{};
  Days minor_squares{};

  // A payment of which `recovered_minor` each comes in with these chances, or
  // with these weights, whose squares are their own.
  void Add(const RecoveryCurve& curve, double recovered_minor, bool put_right);
  void Add(const RecoveryDays& more);
  // With 95 % intervals, of so many failures.
  Estimate PaymentsBy(int day, double failures) const;
  Estimate MinorBy(int day, double failures) const;
};

class PolicyTally {
 public:
  // Segment 0 is everybody; a payment is in it and in those named with it.
  // Others are paired with the policies numbered `current` and `personal`.
  PolicyTally(std::size_t policies, std::size_t segments, std::size_t current,
              std::optional<std::size_t> personal = std::nullopt);

  // One failed payment under all policies, in their order. `curves` has the
  // chances by day where outcomes are expected ones; empty where they are
  // lived.
  void Add(absl::Span<const TrialOutcome> outcomes,
           absl::Span<const RecoveryCurve> curves,
           absl::Span<const std::size_t> segments);
  void Add(const PolicyTally& more);

  const PolicySums& sums(std::size_t policy, std::size_t segment = 0) const {
    return sums_[segment * policies_ + policy];
  }
  const RecoveryDays& days(std::size_t policy) const { return days_[policy]; }
  std::size_t policies() const { return policies_; }
  std::size_t segments() const {
    return policies_ == 0 ? 0 : sums_.size() / policies_;
  }

 private:
  std::size_t policies_;
  std::size_t current_;
  std::optional<std::size_t> personal_;
  std::vector<PolicySums> sums_;  // By segment, then policy.
  std::vector<RecoveryDays> days_;
};

// A total over all failed payments with the 95 % interval that follows from how
// much single payments differ (normal approximation).
Estimate TotalOf(double sum, double squares, double failures);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_SIMULATION_POLICY_TALLY_H_
