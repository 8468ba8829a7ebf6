// Writes charges as events: attempts with raw network codes, renewals, mended
// cards, and the end of a subscription that could not be collected.
// Not thread-safe: works on one person at a time.
#ifndef TENUTO_TRAINING_WORLD_BILLING_H_
#define TENUTO_TRAINING_WORLD_BILLING_H_

#include <cstdint>

#include "training/world/subscription.h"

namespace tenuto::world {

// Charges the first invoice; if that is approved, a paid plan begins.
bool StartPaying(const Scene& scene, std::int64_t ms, bool by_customer,
                 Person& person);

// Leaves the hidden state without a subscription.
void EndSubscription(int day, v1::Plan plan_after, Hidden& hidden);

}  // namespace tenuto::world

#endif  // TENUTO_TRAINING_WORLD_BILLING_H_
