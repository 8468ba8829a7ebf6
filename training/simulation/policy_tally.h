// Sums over failed payments of what became of them under every policy, from
// which totals, intervals and paired differences follow. Sums are added in the
// order of the payments, whatever the threads, so that the same run gives the
// same bytes.
// Value types; not thread-safe.
#ifndef TENUTO_TRAINING_SIMULATION_POLICY_TALLY_H_
#define TENUTO_TRAINING_SIMULATION_POLICY_TALLY_H_

#include <array>
#include <cstddef>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "model/grace/unpaid_day.h"
#include "training/simulation/sampled_sum.h"
#include "training/simulation/trial.h"

namespace tenuto {

// One payment under one policy, beside the policies that it is paired with. One
// is paired with itself if `current` or `personal` is `outcome`.
struct PairedOutcome {
  const TrialOutcome& outcome;
  const TrialOutcome& current;
  const TrialOutcome& personal;

  double difference() const { return outcome.net_minor - current.net_minor; }
  double gain() const { return personal.net_minor - outcome.net_minor; }
};

// One policy over the failed payments of one segment.
struct PolicySums {
  SampleSize size;
  SampledSum recovered, recovered_minor, net;
  SampledSum difference;     // Net less the current's.
  SampledSum personal_gain;  // Personal's less net.
  SampledSum free_days, attempts, messages;

  // `is_first`: of its subscriber.
  void Add(const PairedOutcome& payment, bool is_first);
  // Of two payments of one subscriber that were added.
  void AddPair(const PairedOutcome& one, const PairedOutcome& other);
  void Add(const PolicySums& more);
};

// What was recovered on which day; through a day, what payments gave by then.
struct RecoveryDays {
  using Days = std::array<SampledSum, kUnpaidDays + 1>;
  Days payments{};
  Days minor{};

  // A lived one.
  void Add(const TrialOutcome& outcome);
  // A payment of which each comes in with these chances, or with these weights,
  // whose squares are their own.
  void Add(const TrialOutcome& outcome, const RecoveryCurve& curve);
  // Of two payments of one subscriber that were added.
  void AddPair(const TrialOutcome& one, const RecoveryCurve& curve_of_one,
               const TrialOutcome& other, const RecoveryCurve& curve_of_other);
  void Add(const RecoveryDays& more);
  // With 95 % intervals.
  Estimate PaymentsBy(int day, const SampleSize& size) const;
  Estimate MinorBy(int day, const SampleSize& size) const;
};

// One failed payment under all policies, in their order. `curves` has the
// chances by day where outcomes are expected ones; empty where they are lived.
struct TriedPayment {
  absl::Span<const TrialOutcome> outcomes;
  absl::Span<const RecoveryCurve> curves;
  absl::Span<const std::size_t> segments;
};

class PolicyTally {
 public:
  // Segment 0 is everybody; a payment is in it and in those named with it.
  // Others are paired with the policies numbered `current` and `personal`.
  PolicyTally(std::size_t policies, std::size_t segments, std::size_t current,
              std::optional<std::size_t> personal = std::nullopt);

  // The only payment of its subscriber.
  void Add(const TriedPayment& payment) { Add(payment, {}); }
  // All payments of one subscriber, with curves.
  void AddUser(absl::Span<const TriedPayment> payments);
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
  PairedOutcome PairedOf(const TriedPayment& payment, std::size_t policy) const;
  // `earlier`: those of the same subscriber that were added.
  void Add(const TriedPayment& payment, absl::Span<const TriedPayment> earlier);
  void AddPair(const TriedPayment& one, const TriedPayment& other);

  std::size_t policies_;
  std::size_t current_;
  std::optional<std::size_t> personal_;
  std::vector<PolicySums> sums_;  // By segment, then policy.
  std::vector<RecoveryDays> days_;
};

}  // namespace tenuto

#endif  // TENUTO_TRAINING_SIMULATION_POLICY_TALLY_H_
