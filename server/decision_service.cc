#include "server/decision_service.h"

#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"
#include "features/state_reader.h"
#include "google/protobuf/util/time_util.h"
#include "model/explainer.h"
#include "server/request_checks.h"
#include "server/request_once.h"
#include "server/rpc_status.h"
#include "server/unary_calls.h"

namespace tenuto {
namespace {

using google::protobuf::util::TimeUtil;

constexpr int kReasons = 5;
constexpr char kRequestKind[] = "tenuto";

absl::Status CheckRequest(const v1::DecideTreatmentRequest& request) {
  TENUTO_RETURN_IF_ERROR(CheckId("request_id", request.request_id()));
  TENUTO_RETURN_IF_ERROR(CheckId("user_id", request.user_id()));
  for (int k = 0; k < request.surfaces_size(); ++k) {
    const int surface = request.surfaces(k);
    if (!v1::Surface_IsValid(surface) || surface == v1::SURFACE_UNSPECIFIED) {
      return FieldError(absl::StrCat("surfaces[", k, "]"), "UNKNOWN_VALUE",
                        absl::StrCat("has no value ", surface));
    }
  }
  return absl::OkStatus();
}

void FillConsidered(const Decision& decision, v1::DecisionMade& made) {
  for (const Candidate& candidate : decision.candidates) {
    v1::Considered& considered = *made.add_considered();
    considered.set_treatment(candidate.treatment);
    considered.set_expected_value_minor(candidate.expected_value_minor);
    considered.set_propensity(candidate.propensity);
    considered.set_blocked_by(candidate.blocked_by);
  }
}

v1::DecisionMade MakeRecord(const Decision& decision) {
  v1::DecisionMade made;
  made.set_treatment(decision.choice().treatment);
  made.set_surface(decision.choice().surface);
  made.set_propensity(decision.choice().propensity);
  made.set_contact(decision.chosen != 0);
  made.set_explored(decision.explored);
  FillConsidered(decision, made);
  return made;
}

void FillDecision(const v1::DecisionMade& made,
                  v1::DecideTreatmentResponse& response) {
  response.set_decision_id(made.decision_id());
  response.set_treatment(made.treatment());
  response.set_surface(made.surface());
  response.set_propensity(made.propensity());
  *response.mutable_considered() = made.considered();
}

absl::Status FillBelief(const ModelBundle& bundle, const UserRows& scored,
                        v1::DecideTreatmentResponse& response) {
  const v1::UserScore& score = scored.scores[0];
  const ProbabilityInterval interval =
      bundle.calibrator().Interval(static_cast<float>(score.margin()));
  response.set_churn_probability(score.probability());
  response.set_churn_probability_low(interval.low);
  response.set_churn_probability_high(interval.high);
  TENUTO_ASSIGN_OR_RETURN(const Explanation explanation,
                          Explain(bundle, scored.rows, kReasons));
  for (const std::string& reason : explanation.reasons) {
    response.add_reasons(reason);
  }
  response.set_model(bundle.manifest().model());
  response.set_model_version(bundle.manifest().version());
  return absl::OkStatus();
}

// The model was not made for rows that miss what is pending.
absl::Status CheckRows(const ModelBundle& bundle, const LedgerFacts& facts) {
  const bool misses =
      facts.pending != nullptr && bundle.plan()->ReadsAnyOf(*facts.pending);
  return misses ? PendingError() : absl::OkStatus();
}

}  // namespace

struct DecisionService::Making {
  const v1::DecideTreatmentRequest& request;
  const UserKey user;
  const RequestOnce once;
  const LedgerFacts facts;
  const std::shared_ptr<const ModelBundle> bundle;
  UserRows scored;
  v1::DecisionMade made;
};

DecisionService::DecisionService(Options options)
    : options_(std::move(options)) {}

absl::Status DecisionService::Decide(
    const v1::DecideTreatmentRequest& request,
    v1::DecideTreatmentResponse& response) const {
  TENUTO_RETURN_IF_ERROR(CheckRequest(request));
  const UserKey user = options_.keys.Of(request.user_id());
  TENUTO_ASSIGN_OR_RETURN(auto bundle,
                          options_.scorer.FindUserBundle(request.model()));
  Making making{.request = request,
                .user = user,
                .once = RequestOnce(options_.keys, kRequestKind, user,
                                    request.request_id(), request),
                .facts = options_.ledger.Facts(),
                .bundle = std::move(bundle),
                .scored = {},
                .made = {}};
  TENUTO_ASSIGN_OR_RETURN(
      const Ledger::Answer answer,
      making.once.Commit(
          options_.ledger, options_.clock.Now(),
          [&](absl::string_view state) { return Make(state, making); }));
  if (!response.ParseFromString(answer.response)) {
    return absl::DataLossError("a stored decision does not parse");
  }
  response.set_replayed(answer.replayed);
  if (answer.replayed) {
    options_.metrics.CountReplayedDecision();
    return absl::OkStatus();
  }
  options_.scorer.Record(*making.bundle, making.scored);
  options_.metrics.CountScores(1);
  options_.metrics.CountDecision(making.made);
  return absl::OkStatus();
}

absl::StatusOr<Ledger::Outcome> DecisionService::Make(absl::string_view loaded,
                                                      Making& making) const {
  std::string state(loaded);
  TENUTO_RETURN_IF_ERROR(options_.scorer.FillConsent(state));
  const v1::DecideTreatmentRequest& request = making.request;
  TENUTO_RETURN_IF_ERROR(CheckRows(*making.bundle, making.facts));
  // Asked here, so that a decision is never older than one it must respect.
  const absl::Time now = WholeMicroseconds(options_.clock.Now());
  const ReadTime when{.as_of = now,
                      .history_start = making.facts.history_start,
                      .pending = making.facts.pending};
  TENUTO_ASSIGN_OR_RETURN(
      making.scored,
      options_.scorer.ScoreState(*making.bundle, making.user, state, when));
  TENUTO_ASSIGN_OR_RETURN(
      const StateReader reader,
      StateReader::Open(options_.catalogue, state, making.facts.pending));
  DecisionInput input;
  input.user = making.user;
  input.state = &reader;
  input.churn_probability = making.scored.scores[0].probability();
  input.now = now;
  for (const int surface : request.surfaces()) {
    input.surfaces.push_back(static_cast<v1::Surface>(surface));
  }
  std::mt19937_64 random(making.once.DrawSeed(options_.seed));
  const Decision decision = options_.policy.Decide(input, random);
  if (reader.read_pending()) return PendingError();

  making.made = MakeRecord(decision);
  making.made.set_decision_id(making.once.IdOf("", now));
  making.made.set_request_id(making.once.name());
  making.made.set_churn_probability(input.churn_probability);
  making.made.set_model(absl::StrCat(making.bundle->manifest().model(), "/",
                                     making.bundle->manifest().version()));
  making.made.set_policy(std::string(options_.policy.version()));

  v1::DecideTreatmentResponse response;
  FillDecision(making.made, response);
  TENUTO_RETURN_IF_ERROR(FillBelief(*making.bundle, making.scored, response));
  response.set_explanation(decision.explanation);
  Ledger::Outcome outcome;
  const std::int64_t decided_us = absl::ToUnixMicros(now);
  *response.mutable_decided_time() =
      TimeUtil::MicrosecondsToTimestamp(decided_us);
  outcome.response = response.SerializeAsString();
  // Nobody is treated, so there is nothing to learn or to cap; an event would
  // make the user known and let the ledger grow by any id a caller sends.
  if (!reader.known()) return outcome;

  v1::Event event;
  event.set_event_id(absl::StrCat("decision/", making.made.decision_id()));
  *event.mutable_event_time() = response.decided_time();
  *event.mutable_decision_made() = making.made;
  outcome.event = options_.gate.AdmitOwn(event, making.user);
  outcome.event->known_time_us = decided_us;
  return outcome;
}

void DecisionService::Await(CallQueue& queue) {
  AwaitCalls(
      queue, methods_, &v1::Decision::AsyncService::RequestDecideTreatment,
      [this](auto& call) {
        options_.calls.AnswerFromPool(
            call, RpcMethod::kDecideTreatment,
            [this, &call] { return Decide(call.request(), call.response()); });
      },
      Cancels::kHeard);
}

}  // namespace tenuto
