// What a model expects of a policy, put right by what really happened wherever
// the log's own policy did the same (Dudik et al. 2014; day by day as in Jiang
// & Li 2016). True in the mean if either the model or the logged chances are,
// for as long as the log did the same with any chance at all.
// Thread-safe.
#ifndef TENUTO_TRAINING_SIMULATION_DOUBLY_ROBUST_H_
#define TENUTO_TRAINING_SIMULATION_DOUBLY_ROBUST_H_

#include "training/grace/unpaid_days.h"
#include "training/simulation/logged_plans.h"
#include "training/simulation/trial.h"

namespace tenuto {

// `curve` and `outcome` are what Expect() gives for `trial`; both are put
// right. On every day that was lived: weight of the day x (what happened on it
// and what the model then still expects, less what it expected before). With
// weights of 1 the model falls out, up to the last day that is known.
void PutRight(const UnpaidSpell& spell, const AgreementWeights& weights,
              const GraceStakes& stakes, const TrialActions& trial,
              RecoveryCurve& curve, TrialOutcome& outcome);

// The weight of a payment in an effective number of payments: that of its last
// day, 0 if the log had done something else by then.
double WeightAtEnd(const UnpaidSpell& spell, const AgreementWeights& weights,
                   int last_day);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_SIMULATION_DOUBLY_ROBUST_H_
