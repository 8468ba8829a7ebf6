#include "server/grace_answer.h"

#include <cmath>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/util/time_util.h"
#include "model/grace/plan_reasons.h"

namespace tenuto {
namespace {

constexpr double kBillion = 1e9;

template <class Days>
void AddDays(const DaySet& from, Days& to) {
  for (std::size_t day = 0; day < from.size(); ++day) {
    if (from[day]) to.Add(static_cast<std::int64_t>(day));
  }
}

void AddLimit(absl::string_view rule, double gain_minor,
              v1::PlanGracePeriodResponse& response) {
  if (gain_minor <= 0) return;
  v1::BindingLimit& limit = *response.add_binding();
  limit.set_rule(std::string(rule));
  limit.set_gain_minor(gain_minor);
}

void AddCurve(const GracePlan& plan, const PlanQuestion& question,
              const RecoveryBand& band, v1::PlanGracePeriodResponse& response) {
  const auto recovered = RecoveredBy(plan.curve);
  double by_attempt = 0;
  double cancelled = 0;
  for (int day = question.past.day + 1; day <= plan.last_day; ++day) {
    const auto at = static_cast<std::size_t>(day);
    by_attempt += plan.curve[at].by_retry;
    cancelled += plan.curve[at].cancelled;
    v1::RecoveredByDay& point = *response.add_curve();
    point.set_day(day);
    point.set_probability(recovered[at]);
    point.set_low(band.low[at]);
    point.set_high(band.high[at]);
    point.set_by_attempt(by_attempt);
    point.set_cancelled(cancelled);
  }
}

}  // namespace

void FillPlan(const ChosenPlan& chosen, const PlanQuestion& question,
              v1::GracePlanned& planned) {
  const GracePlan& plan = chosen.plan;
  planned.set_elapsed_days(question.past.day);
  planned.set_full_days(plan.full_days);
  planned.set_reduced_days(plan.reduced_days);
  AddDays(plan.attempt_days, *planned.mutable_attempt_days());
  AddDays(plan.message_days, *planned.mutable_message_days());
  // The state keeps billionths, and a later plan says the same number.
  const double billionths =
      std::max(1.0, std::round(chosen.choice.propensity * kBillion));
  planned.set_propensity(billionths / kBillion);
  planned.set_propensity_billionths(static_cast<std::int64_t>(billionths));
  planned.set_randomised(chosen.choice.randomised);
  planned.set_recovery_probability(plan.worth.recovered);
  planned.set_net_value_minor(plan.worth.net_minor());
}

void FillAnswer(const v1::GracePlanned& planned,
                v1::PlanGracePeriodResponse& response) {
  using google::protobuf::util::TimeUtil;
  response.set_plan_id(planned.plan_id());
  response.set_elapsed_days(planned.elapsed_days());
  response.set_full_days(planned.full_days());
  response.set_reduced_days(planned.reduced_days());
  *response.mutable_attempt_days() = planned.attempt_days();
  *response.mutable_message_days() = planned.message_days();
  response.set_propensity(planned.propensity());
  response.set_randomised(planned.randomised());
  response.set_net_value_minor(planned.net_value_minor());
  response.set_rules_version(planned.rules());
  if (planned.lease_id().empty()) return;
  response.set_lease_id(planned.lease_id());
  *response.mutable_lease_until() =
      TimeUtil::SecondsToTimestamp(planned.lease_until_epoch_s());
}

// Both enums have their own values in the same order, after UNSPECIFIED.
void FillPhases(const PlanPhases& phases,
                v1::PlanGracePeriodResponse& response) {
  using google::protobuf::util::TimeUtil;
  for (const PhaseSpan& span : phases.spans()) {
    v1::SubscriptionSpan& told = *response.add_phases();
    told.set_phase(static_cast<v1::SubscriptionPhase>(
        static_cast<int>(span.phase) + v1::SUBSCRIPTION_PHASE_ACTIVE));
    told.set_access(static_cast<v1::SubscriptionAccess>(
        static_cast<int>(span.access) + v1::SUBSCRIPTION_ACCESS_NONE));
    *told.mutable_begin_time() =
        TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(span.begin));
  }
}

void FillReasons(const ChosenPlan& chosen, const PlanQuestion& question,
                 const OpenPayment& open, const RecoveryBand& band,
                 v1::PlanGracePeriodResponse& response) {
  const GracePlan& plan = chosen.plan;
  AddCurve(plan, question, band, response);
  for (const LengthValue& length : plan.lengths()) {
    v1::LengthWorth& worth = *response.add_alternatives();
    worth.set_full_days(length.full_days);
    worth.set_net_value_minor(length.net_value_minor);
  }
  AddLimit(question.limits.attempt_rule, plan.gains.attempt_days, response);
  AddLimit("attempts_max", plan.gains.attempts_max, response);
  AddLimit("full_lengths", plan.gains.full_lengths, response);
  AddLimit(question.limits.messages_permitted ? "messages_max"
                                              : "messages_not_permitted",
           plan.gains.messages, response);
  const ReasonFacts facts{.question = question,
                          .payment = open.payment,
                          .currency = open.currency,
                          .band = &band,
                          .randomised = chosen.choice.randomised};
  for (const std::string& reason : ReasonsOf(plan, facts)) {
    response.add_reasons(reason);
  }
}

}  // namespace tenuto
