// A plan as the log keeps it and as a caller hears it. No decision is made
// here: what was planned comes in, messages come out.
// Thread-safe.
#ifndef TENUTO_SERVER_GRACE_ANSWER_H_
#define TENUTO_SERVER_GRACE_ANSWER_H_

#include "model/grace/grace_choice.h"
#include "model/grace/grace_planner.h"
#include "model/grace/open_payment.h"
#include "model/grace/plan_phases.h"
#include "model/grace/recovery_band.h"
#include "tenuto/v1/event.pb.h"
#include "tenuto/v1/grace.pb.h"

namespace tenuto {

// The part of the event that the plan decides: days, chance, expectations.
void FillPlan(const ChosenPlan& chosen, const PlanQuestion& question,
              v1::GracePlanned& planned);

// The part of the answer that the event tells. Whether it was replayed, the
// currency and the time are the caller's to say.
void FillAnswer(const v1::GracePlanned& planned,
                v1::PlanGracePeriodResponse& response);

// What the plan's lengths mean for the subscription, phase by phase.
void FillPhases(const PlanPhases& phases,
                v1::PlanGracePeriodResponse& response);

// Why: curve with interval, what other lengths are worth, what binds, reasons.
// Of a plan made with PlanDetail::kEverything.
void FillReasons(const ChosenPlan& chosen, const PlanQuestion& question,
                 const OpenPayment& open, const RecoveryBand& band,
                 v1::PlanGracePeriodResponse& response);

}  // namespace tenuto

#endif  // TENUTO_SERVER_GRACE_ANSWER_H_
