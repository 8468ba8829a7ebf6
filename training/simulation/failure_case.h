// A failed payment as every policy meets it: the company's facts about it, what
// the rules allow and what things are worth. Made once a payment, for all
// policies.
// Value type; not thread-safe.
#ifndef TENUTO_TRAINING_SIMULATION_FAILURE_CASE_H_
#define TENUTO_TRAINING_SIMULATION_FAILURE_CASE_H_

#include "absl/status/statusor.h"
#include "model/decision/payment_rules.h"
#include "model/grace/failure_columns.h"
#include "model/grace/grace_values.h"
#include "model/grace/plan_limits.h"
#include "training/simulation/segments.h"
#include "training/simulation/trial.h"
#include "training/world/seen_failure.h"

namespace tenuto {

struct FailureCase {
  FailedPayment facts;  // As the recovery model reads them.
  CardHistory history;  // Of the first attempt.
  PlanLimits limits;    // Of the planner. Refers to `history`, as does
  PlanLimits rules;     // what rules alone leave to policies that people wrote.
  WorldStakes stakes;   // In the currency of the comparison.
  SegmentSet segments{};

  FailureCase() = default;
  FailureCase(const FailureCase&) = delete;
  FailureCase& operator=(const FailureCase&) = delete;
};

// What the cases of one simulation share.
// Thread-safe: immutable.
class CaseBook {
 public:
  // kInvalidArgument for a currency without values.
  static absl::StatusOr<CaseBook> Create(const PaymentRules& rules,
                                         const GraceValues& values,
                                         absl::string_view currency);

  // A case of a simulated world. kInvalidArgument for a currency without
  // values.
  absl::Status Fill(const world::SeenFailure& seen, absl::Time failed,
                    FailureCase& filled) const;

  // What a policy that everybody gets does here: as written, but attempts that
  // rules forbid, or that ask a card which cannot pay, are left out; a store
  // has its own lengths of grace, of which the longest that is not longer is
  // taken. Reduced access, where it is written at all, follows at once.
  TrialActions Lawful(const TrialActions& fixed,
                      const FailureCase& failure) const;

 private:
  CaseBook(const PaymentRules& rules, const GraceValues& values,
           double day_price)
      : rules_(rules), values_(values), day_price_(day_price) {}

  // In the comparison's currency.
  absl::StatusOr<WorldStakes> StakesOf(const world::SeenFailure& seen) const;

  const PaymentRules& rules_;
  const GraceValues& values_;
  double day_price_;  // Of full access, in the comparison's currency.
};

}  // namespace tenuto

#endif  // TENUTO_TRAINING_SIMULATION_FAILURE_CASE_H_
