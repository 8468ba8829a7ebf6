#include "features/eligibility.h"

namespace tenuto {

bool IsEligible(bool known, v1::Plan plan, Eligible eligible) {
  switch (eligible) {
    case Eligible::kPaid:
      return plan == v1::PLAN_PREMIUM;
    case Eligible::kFree:
      return plan == v1::PLAN_FREE;
    case Eligible::kAll:
      return known;
  }
  return false;
}

bool IsEligible(const StateReader& state, Eligible eligible) {
  return IsEligible(state.known(), state.plan(), eligible);
}

}  // namespace tenuto
