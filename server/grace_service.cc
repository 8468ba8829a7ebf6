#include "server/grace_service.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"
#include "features/base/usable_cores.h"
#include "features/state_reader.h"
#include "google/protobuf/util/time_util.h"
#include "model/grace/grace_planner.h"
#include "model/grace/recovery_band.h"
#include "server/grace_answer.h"
#include "server/request_checks.h"
#include "server/request_once.h"
#include "server/rpc_status.h"
#include "server/unary_calls.h"
#include "xxhash.h"

namespace tenuto {
namespace {

using google::protobuf::util::TimeUtil;

constexpr char kRequestKind[] = "tenuto grace";

absl::Status CheckFailedTime(const google::protobuf::Timestamp& time,
                             absl::Time now) {
  if (time.nanos() < 0 || time.nanos() > 999'999'999 ||
      time.seconds() < TimeUtil::kTimestampMinSeconds ||
      time.seconds() > TimeUtil::kTimestampMaxSeconds) {
    return FieldError("failed_time", "BAD_TIME", "is no time");
  }
  const absl::Time failed =
      absl::FromUnixMicros(TimeUtil::TimestampToMicroseconds(time));
  if (failed > now) {
    return FieldError("failed_time", "BAD_TIME", "lies in the future");
  }
  if (now - failed > absl::Hours(24 * kUnpaidDays)) {
    return FieldError("failed_time", "BAD_TIME",
                      absl::StrCat("is more than ", kUnpaidDays, " days ago"));
  }
  return absl::OkStatus();
}

absl::Status CheckMoney(const v1::PlanGracePeriodRequest& request,
                        const GraceValues& values) {
  if (request.amount_minor() < 0) {
    return FieldError("amount_minor", "BAD_NUMBER", "is negative");
  }
  if (request.amount_minor() > 0 && request.currency().empty()) {
    return FieldError("currency", "EMPTY_CURRENCY",
                      "is empty, and amount_minor is given");
  }
  if (request.currency().empty()) return absl::OkStatus();
  return values.StakesOf(request.currency()).ok()
             ? absl::OkStatus()
             : FieldError("currency", "UNKNOWN_VALUE",
                          "has no entry in grace_values.textproto");
}

ToldPayment ToldBy(const v1::PlanGracePeriodRequest& request) {
  ToldPayment told;
  told.invoice_id = request.invoice_id();
  if (request.has_failed_time()) {
    told.failed = absl::FromUnixMicros(
        TimeUtil::TimestampToMicroseconds(request.failed_time()));
  }
  told.amount_minor = request.amount_minor();
  told.currency = request.currency();
  told.decline_code = request.decline_code();
  told.advice_code = request.advice_code();
  told.network = request.network();
  told.store = request.store();
  return told;
}

// How long the store that collects says nothing of a failure.
absl::Duration SilentLength(const OpenPayment& open,
                            const PaymentRules& rules) {
  return absl::Hours(
      rules.At(open.payment.failed).ChoicesOf(open.payment.store).silent_hours);
}

// Of the payment, not of the request: its plan may be forgotten for that of
// another invoice, and is then drawn again. Of what the log holds.
std::uint64_t DrawSeed(const UserKey& user, const OpenPayment& open,
                       std::uint64_t seed) {
  const std::string drawn_for = absl::StrCat(
      user.view(), open.invoice_id.empty()
                       ? absl::StrCat(absl::ToUnixSeconds(open.payment.failed))
                       : open.invoice_id);
  return XXH3_64bits_withSeed(drawn_for.data(), drawn_for.size(), seed);
}

// Not the caller's mistake: whatever is named, nothing could be planned.
absl::Status NoRecoveryModel() {
  return WithReason(
      absl::FailedPreconditionError(
          "no recovery model serves; the server's operator trains one with "
          "`tenuto train grace --ledger DIR --models DIR` into its models_dir "
          "and then calls Admin.ReloadModels"),
      "NO_RECOVERY_MODEL");
}

absl::Status NoPayment(absl::string_view why) {
  return WithReason(absl::FailedPreconditionError(absl::StrCat(
                        "there is no open failed payment to plan: ", why)),
                    "NO_FAILED_PAYMENT");
}

}  // namespace

struct GraceService::Making {
  const v1::PlanGracePeriodRequest& request;
  const UserKey user;
  const RequestOnce once;
  const LedgerFacts facts;
  const std::shared_ptr<const RecoveryModel> model;
  std::string state;
  absl::Time now;
  OpenPayment open;
  v1::GracePlanned planned;
  v1::PlanGracePeriodResponse response;
};

GraceService::GraceService(Options options)
    : options_(std::move(options)), desks_(UsableCores()) {}

absl::Status GraceService::Check(
    const v1::PlanGracePeriodRequest& request) const {
  TENUTO_RETURN_IF_ERROR(CheckId("request_id", request.request_id()));
  TENUTO_RETURN_IF_ERROR(CheckId("user_id", request.user_id()));
  if (!request.invoice_id().empty()) {
    TENUTO_RETURN_IF_ERROR(CheckId("invoice_id", request.invoice_id()));
  }
  if (request.has_failed_time()) {
    TENUTO_RETURN_IF_ERROR(
        CheckFailedTime(request.failed_time(), options_.clock.Now()));
  }
  TENUTO_RETURN_IF_ERROR(CheckMoney(request, options_.values));
  for (const auto& [field, code] :
       {std::pair("decline_code", &request.decline_code()),
        std::pair("advice_code", &request.advice_code())}) {
    if (options_.rules.CodeOf(*code) == kUnknownCode) {
      return FieldError(field, "UNKNOWN_VALUE",
                        "has no entry in payment_rules.textproto");
    }
  }
  if (!v1::CardNetwork_IsValid(request.network())) {
    return FieldError("network", "UNKNOWN_VALUE",
                      absl::StrCat("has no value ", request.network()));
  }
  if (!v1::Store_IsValid(request.store())) {
    return FieldError("store", "UNKNOWN_VALUE",
                      absl::StrCat("has no value ", request.store()));
  }
  return absl::OkStatus();
}

absl::Status GraceService::Plan(const v1::PlanGracePeriodRequest& request,
                                v1::PlanGracePeriodResponse& response) const {
  TENUTO_RETURN_IF_ERROR(Check(request));
  auto model = FindBundle(options_.registry, request.model(),
                          options_.default_model, "default_grace_model");
  if (!model.ok() && options_.registry.All().empty()) return NoRecoveryModel();
  TENUTO_RETURN_IF_ERROR(model.status());
  const UserKey user = options_.keys.Of(request.user_id());
  Making making{.request = request,
                .user = user,
                .once = RequestOnce(options_.keys, kRequestKind, user,
                                    request.request_id(), request),
                .facts = options_.ledger.Facts(),
                .model = *std::move(model),
                .state = {},
                .now = {},
                .open = OpenPayment(),
                .planned = {},
                .response = {}};
  TENUTO_ASSIGN_OR_RETURN(
      const Ledger::Answer answer,
      making.once.Commit(
          options_.ledger, options_.clock.Now(),
          [&](absl::string_view state) { return Make(state, making); }));
  if (!answer.replayed) {
    response.Swap(&making.response);
    options_.metrics.CountPlan(making.planned);
    return absl::OkStatus();
  }
  if (!response.ParseFromString(answer.response)) {
    return absl::DataLossError("a stored plan does not parse");
  }
  response.set_replayed(true);
  // Another caller may have it by now.
  if (TimeUtil::TimestampToMicroseconds(response.lease_until()) <=
      absl::ToUnixMicros(options_.clock.Now())) {
    response.clear_lease_id();
    response.clear_lease_until();
  }
  options_.metrics.CountReplayedPlan();
  return absl::OkStatus();
}

absl::StatusOr<Ledger::Outcome> GraceService::Make(absl::string_view loaded,
                                                   Making& making) const {
  making.state.assign(loaded.data(), loaded.size());
  TENUTO_RETURN_IF_ERROR(options_.scorer.FillConsent(making.state));
  // Asked here, so that a plan is never older than one it goes on from.
  making.now = WholeMicroseconds(options_.clock.Now());
  TENUTO_RETURN_IF_ERROR(Read(making));
  TENUTO_RETURN_IF_ERROR(Choose(making));
  Lease(making);
  return Record(making);
}

absl::Status GraceService::Read(Making& making) const {
  TENUTO_ASSIGN_OR_RETURN(const StateReader reader,
                          StateReader::Open(options_.catalogue, making.state,
                                            making.facts.pending));
  if (!reader.known()) return NoPayment("of this user no event was accepted");
  absl::StatusOr<OpenPayment> open = ReadOpenPayment(
      reader, ToldBy(making.request), options_.rules, making.now);
  const PendingSignals* const pending = making.facts.pending;
  if (reader.read_pending() ||
      (pending != nullptr && making.model->plan()->ReadsAnyOf(*pending))) {
    return PendingError();
  }
  if (absl::IsNotFound(open.status())) {
    return NoPayment(open.status().message());
  }
  TENUTO_ASSIGN_OR_RETURN(making.open, std::move(open));
  return absl::OkStatus();
}

absl::StatusOr<GraceStakes> GraceService::StakesOf(
    const OpenPayment& open) const {
  if (open.currency.empty()) {
    return FieldError("currency", "EMPTY_CURRENCY",
                      "is not told by the newest attempt; give it");
  }
  SubscriptionWorth worth;
  if (open.payment.amount_minor > 0) {
    worth.month_price_minor = open.payment.amount_minor;
  }
  auto stakes = options_.values.StakesOf(open.currency, worth);
  if (stakes.ok()) return stakes;
  return FieldError("currency", "UNKNOWN_VALUE",
                    "of the newest attempt has no entry in "
                    "grace_values.textproto");
}

// Chance is asked once a payment; what it said then holds until the end.
ChosenPlan GraceService::Pick(const Making& making,
                              const PlanQuestion& question, PlanDetail detail,
                              GracePlanner& planner) const {
  if (!making.open.planned) {
    std::mt19937_64 random(DrawSeed(making.user, making.open, options_.seed));
    return PlanByChance(planner, question, options_.values.exploration_share(),
                        random(), detail);
  }
  const StandingPlan& before = *making.open.planned;
  if (before.randomised && question.past.access == Access::kFull) {
    return PlanHeld(planner, question,
                    {before.full_days, true, before.propensity}, detail);
  }
  return {planner.Plan(question.hazards, question.stakes, question.limits,
                       question.past, detail),
          {0, before.randomised, before.propensity}};
}

absl::Status GraceService::Choose(Making& making) const {
  const OpenPayment& open = making.open;
  const RecoveryModel& model = *making.model;
  TENUTO_ASSIGN_OR_RETURN(const GraceStakes stakes, StakesOf(open));
  const auto limits =
      LimitsFor(open.Situation(options_.rules), options_.values.ceilings());
  if (!limits.ok()) {
    return FieldError("store", "UNKNOWN_VALUE",
                      "has no terms in payment_rules.textproto on the day of "
                      "the failure");
  }
  const auto desk = desks_.Take();
  std::vector<float>& row = desk->row;
  row.resize(static_cast<std::size_t>(model.plan()->width()));
  TENUTO_RETURN_IF_ERROR(
      model.plan()->Assemble(making.state,
                             {.as_of = making.now,
                              .history_start = making.facts.history_start,
                              .pending = making.facts.pending},
                             absl::MakeSpan(row)));
  const bool tells = !making.request.plan_only();
  // Why attempts are not made can be told only by what they would bring.
  const bool retries = tells || limits->attempt_days.any();
  HazardTable hazards;  // Begins empty: not every day of it is filled.
  TENUTO_RETURN_IF_ERROR(
      model.Ask(row, open.payment, limits->last_day, retries, desk->margins));
  model.Calibrate(desk->margins, tells ? DaySet().set() : limits->attempt_days,
                  hazards);
  const PlanQuestion question{hazards, stakes, *limits, open.past};
  const ChosenPlan chosen = Pick(
      making, question, tells ? PlanDetail::kEverything : PlanDetail::kActions,
      desk->planner);
  FillPlan(chosen, question, making.planned);
  FillPhases(PhasesOf(chosen.plan, open.payment.failed,
                      SilentLength(open, options_.rules), making.now),
             making.response);
  if (!tells) return absl::OkStatus();
  HazardTable low, high;
  model.CalibrateBounds(desk->margins, chosen.plan.actions, open.past, low,
                        high);
  FillReasons(chosen, question, open,
              BandOf(low, high, chosen.plan.actions, open.past),
              making.response);
  return absl::OkStatus();
}

void GraceService::Lease(Making& making) const {
  const OpenPayment& open = making.open;
  const auto& days = making.planned.attempt_days();
  const bool is_due =
      std::find(days.begin(), days.end(), open.today) != days.end();
  if (!is_due || making.now < open.lease_until ||
      !open.MayAttempt(options_.rules, making.now)) {
    return;
  }
  making.planned.set_lease_id(making.once.IdOf("lease", making.now));
  making.planned.set_lease_until_epoch_s(
      absl::ToUnixSeconds(making.now + options_.lease));
}

Ledger::Outcome GraceService::Record(Making& making) const {
  v1::GracePlanned& planned = making.planned;
  const v1::Manifest& manifest = making.model->manifest();
  planned.set_plan_id(making.once.IdOf("plan", making.now));
  planned.set_request_id(making.once.name());
  planned.set_invoice_id(making.open.invoice_id);
  planned.set_failed_epoch_s(absl::ToUnixSeconds(making.open.payment.failed));
  planned.set_model(absl::StrCat(manifest.model(), "/", manifest.version()));
  planned.set_policy(absl::StrCat("planner/", options_.values.version()));
  planned.set_rules(options_.rules.version());

  v1::PlanGracePeriodResponse& response = making.response;
  FillAnswer(planned, response);
  response.set_currency(making.open.currency);
  response.set_model(manifest.model());
  response.set_model_version(manifest.version());
  response.set_values_version(options_.values.version());
  const std::int64_t now_us = absl::ToUnixMicros(making.now);
  *response.mutable_planned_time() = TimeUtil::MicrosecondsToTimestamp(now_us);

  v1::Event event;
  event.set_event_id(absl::StrCat("grace/", planned.plan_id()));
  // The state keeps what is newest, also when the clock was put back.
  *event.mutable_event_time() = TimeUtil::MicrosecondsToTimestamp(
      std::max(now_us, absl::ToUnixMicros(making.open.last_planned) + 1));
  *event.mutable_grace_planned() = planned;
  Ledger::Outcome outcome;
  outcome.response = response.SerializeAsString();
  outcome.event = options_.gate.AdmitOwn(event, making.user);
  outcome.event->known_time_us = now_us;
  return outcome;
}

void GraceService::Await(CallQueue& queue) {
  AwaitCalls(
      queue, methods_, &v1::Grace::AsyncService::RequestPlanGracePeriod,
      [this](auto& call) {
        options_.calls.AnswerFromPool(
            call, RpcMethod::kPlanGracePeriod,
            [this, &call] { return Plan(call.request(), call.response()); });
      },
      Cancels::kHeard);
}

}  // namespace tenuto
