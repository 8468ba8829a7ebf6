// How likely an invoice of somebody fails at its first attempt, and of what:
// what the rules of payments.h lead to in the long run, in closed form, so that
// failures can be drawn without living through the invoices that are paid.
// Value type; not thread-safe.
#ifndef TENUTO_TRAINING_WORLD_FAILURE_MIX_H_
#define TENUTO_TRAINING_WORLD_FAILURE_MIX_H_

#include <array>
#include <cstddef>

#include "training/world/decline_cause.h"
#include "training/world/person.h"
#include "training/world/world_variant.h"

namespace tenuto::world {

// Share of failures, about and whatever the policy, that end a subscription.
inline constexpr double kLostOfFailed = 0.3;

struct FailureMix {
  std::array<double, kDeclineCauses> chance{};  // [DeclineCause]

  double total() const;
};
FailureMix MixOf(const Traits& traits, const WorldVariant& variant);

}  // namespace tenuto::world

#endif  // TENUTO_TRAINING_WORLD_FAILURE_MIX_H_
