// The plans that a log's own policy drew for failed payments, and with which
// chance: what another policy's plan agreed with, until which day.
//
// Where the log drew from the same few plans for every payment of a kind, the
// chance of agreeing until a day is the sum of those of all plans that agree
// until then; so a payment that ended early counts for every plan that would
// have done the same. Where plans differ by payment only the chance of the
// logged one is known, and all of it must be the same. Chance drew the first
// plan only: what a later one changed counts for nobody.
// Thread-safe: immutable after Read.
#ifndef TENUTO_TRAINING_SIMULATION_LOGGED_PLANS_H_
#define TENUTO_TRAINING_SIMULATION_LOGGED_PLANS_H_

#include <array>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "model/grace/unpaid_day.h"
#include "training/grace/grace_rows.h"
#include "training/simulation/trial.h"

namespace tenuto {

// What is done on every day, bit n for day n; equal bits are equal plans.
struct PlanBits {
  std::uint64_t full = 0, reduced = 0, attempts = 0, messages = 0;

  static PlanBits Of(const TrialActions& trial);
  static PlanBits Of(const PaymentMoment& plan);
  // Last day up to which both do the same.
  int AgreesThrough(const PlanBits& other) const;
  friend auto operator<=>(const PlanBits&, const PlanBits&) = default;
};

// Last day up to which a payment was treated as its first plan, which it must
// have, said; kUnpaidDays if always. Less may be done on the day that it ended.
int DaysAsPlanned(const UnpaidSpell& spell);

// By day: 1 / P(the log's policy does the same until then), 0 where it did not.
using AgreementWeights = std::array<double, kUnpaidDays + 1>;

class LoggedPlans {
 public:
  static LoggedPlans Read(absl::Span<const GraceFailure> failures);

  // Zeros where no plan with a chance was logged.
  AgreementWeights WeightsOf(const GraceFailure& failure,
                             const TrialActions& trial) const;
  // Failed payments whose plan was a draw.
  std::int64_t randomised() const { return randomised_; }
  // Those with a plan that was not kept to.
  std::int64_t strayed() const { return strayed_; }

 private:
  // Who collects, and whether attempts were possible at all.
  using Kind = std::pair<v1::Store, bool>;
  struct Menu {
    std::map<PlanBits, double> chances;
    bool is_whole = false;  // Chances are the same for all and sum to 1.
  };
  static Kind KindOf(const GraceFailure& failure);

  std::map<Kind, Menu> menus_;
  std::int64_t randomised_ = 0;
  std::int64_t strayed_ = 0;
};

}  // namespace tenuto

#endif  // TENUTO_TRAINING_SIMULATION_LOGGED_PLANS_H_
