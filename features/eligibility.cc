#include "features/eligibility.h"

namespace tenuto {

bool IsEligible(const StateReader& state, Eligible eligible) {
  switch (eligible) {
    case Eligible::kPaid:
      return state.plan() == v1::PLAN_PREMIUM;
    case Eligible::kFree:
      return state.plan() == v1::PLAN_FREE;
    case Eligible::kAll:
      return state.known();
  }
  return false;
}

}  // namespace tenuto
