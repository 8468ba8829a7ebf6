// Whom a model is about: the one predicate behind the training rows and behind
// what the server says of a score.
// Thread-safe.
#ifndef TENUTO_FEATURES_ELIGIBILITY_H_
#define TENUTO_FEATURES_ELIGIBILITY_H_

#include "features/state_reader.h"

namespace tenuto {

// By the plan at the moment of the state: paid, the free one, or any.
enum class Eligible { kPaid, kFree, kAll };

bool IsEligible(bool known, v1::Plan plan, Eligible eligible);
bool IsEligible(const StateReader& state, Eligible eligible);

}  // namespace tenuto

#endif  // TENUTO_FEATURES_ELIGIBILITY_H_
