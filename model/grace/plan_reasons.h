// Why a plan is what it is, in short sentences with numbers: for the people who
// answer for it. Stable texts, the same for the same plan; nothing in them is
// about a person. Thread-safe.
#ifndef TENUTO_MODEL_GRACE_PLAN_REASONS_H_
#define TENUTO_MODEL_GRACE_PLAN_REASONS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "model/grace/failure_columns.h"
#include "model/grace/grace_planner.h"
#include "model/grace/recovery_band.h"

namespace tenuto {

// What the sentences speak of beside the plan.
struct ReasonFacts {
  const PlanQuestion& question;
  const FailedPayment& payment;  // With its paydays, where they are known.
  absl::string_view currency;
  const RecoveryBand* band = nullptr;  // Null: no interval is told.
  bool randomised = false;             // The length was drawn by chance.
};

// Outlook, length, reduced access, attempts, messages, limits that bind; one
// sentence or two about each. Of a plan made with PlanDetail::kEverything.
std::vector<std::string> ReasonsOf(const GracePlan& plan,
                                   const ReasonFacts& facts);

}  // namespace tenuto

#endif  // TENUTO_MODEL_GRACE_PLAN_REASONS_H_
