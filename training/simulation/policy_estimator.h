// Whether what a log did by chance bears a policy out, and what is missing if it
// does not.
// Thread-safe.
#ifndef TENUTO_TRAINING_SIMULATION_POLICY_ESTIMATOR_H_
#define TENUTO_TRAINING_SIMULATION_POLICY_ESTIMATOR_H_

#include <cstddef>

#include "training/simulation/simulation_result.h"

namespace tenuto {

// A policy is put right where at least so many effective payments agree with
// the log, and so large a share of all.
inline constexpr double kEffectiveMin = 200;
inline constexpr double kEffectiveShareMin = 0.02;
// And where the log did the same on so large a share of unpaid days: payments
// that ended early agree with many policies, and say nothing of later days.
inline constexpr double kAgreedDaysMin = 0.8;

// How far the log did the same.
struct Agreement {
  double payments = 0;  // Effective ones.
  double days = 0;      // Share of unpaid days.
};

// `n`: failed payments of the log, above 0.
PolicyEstimator EstimatorOf(const Agreement& agreement, std::size_t n);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_SIMULATION_POLICY_ESTIMATOR_H_
