#include "server/ingest_service.h"

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"
#include "server/rpc_status.h"

namespace tenuto {

IngestService::IngestService(const Options& options)
    : options_(options),
      commits_(options.ledger, kEventsMax),
      streams_(options_.calls, [this](v1::IngestEventsRequest& request,
                                      v1::IngestEventsResponse& response) {
        return TakeIn(request, response);
      }) {}

// A keyed hash costs as much as the rest of the gate, and a batch holds many
// events of one user.
std::optional<Rejection> IngestService::Admit(
    v1::Event& event, absl::Time now,
    absl::flat_hash_map<std::string, UserKey>& users, GatedEvent& gated) const {
  if (event.user_id().empty()) return options_.gate.Admit(event, now, gated);
  const auto [at, is_new] = users.try_emplace(event.user_id());
  if (is_new) at->second = options_.gate.KeyOf(event.user_id());
  return options_.gate.Admit(event, at->second, now, gated);
}

absl::Status IngestService::TakeIn(v1::IngestEventsRequest& request,
                                   v1::IngestEventsResponse& response) const {
  if (request.events_size() > kEventsMax) {
    return FieldError(
        "events", "TOO_MANY_EVENTS",
        absl::StrCat("has ", request.events_size(), " entries; at most ",
                     kEventsMax, " are taken at once"));
  }
  const absl::Time now = options_.clock.Now();
  response.set_request_id(request.request_id());
  std::vector<GatedEvent> admitted;
  std::vector<v1::EventResult*> open_results;  // Of the admitted, in order.
  absl::flat_hash_map<std::string, UserKey> users;
  for (v1::Event& event : *request.mutable_events()) {
    v1::EventResult& result = *response.add_results();
    GatedEvent gated;
    if (const std::optional<Rejection> rejection =
            Admit(event, now, users, gated)) {
      result.set_verdict(v1::EVENT_VERDICT_REJECTED);
      result.set_reason(rejection->reason);
      result.set_message(rejection->message);
      continue;
    }
    gated.known_time_us = absl::ToUnixMicros(now);
    admitted.push_back(std::move(gated));
    open_results.push_back(&result);
  }
  if (!admitted.empty()) {
    TENUTO_ASSIGN_OR_RETURN(const std::vector<Admission> admissions,
                            commits_.Commit(std::move(admitted)));
    for (std::size_t k = 0; k < admissions.size(); ++k) {
      open_results[k]->set_verdict(admissions[k] == Admission::kAccepted
                                       ? v1::EVENT_VERDICT_ACCEPTED
                                       : v1::EVENT_VERDICT_DUPLICATE);
    }
  }
  for (const v1::EventResult& result : response.results()) {
    options_.metrics.CountEvent(result.verdict());
  }
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* IngestService::IngestEvents(
    grpc::CallbackServerContext* context,
    const v1::IngestEventsRequest* request,
    v1::IngestEventsResponse* response) {
  return options_.calls.AnswerFromPool(*context, RpcMethod::kIngestEvents,
                                       [this, request, response] {
                                         v1::IngestEventsRequest own = *request;
                                         return TakeIn(own, *response);
                                       });
}

EventStreams::Reactor* IngestService::StreamEvents(
    grpc::CallbackServerContext*) {
  return streams_.Open();
}

}  // namespace tenuto
