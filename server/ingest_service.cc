#include "server/ingest_service.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/base/crash_point.h"
#include "features/base/status_macros.h"
#include "server/rpc_status.h"
#include "server/stream_calls.h"
#include "server/unary_calls.h"

namespace tenuto {
namespace {

// Bounds how long a small call waits behind batches.
constexpr std::size_t kGroupEventsMax = 4000;
constexpr std::size_t kCallersMax = 1024;

}  // namespace

IngestService::IngestService(const Options& options)
    : options_(options),
      commits_(
          options.ledger,
          {.events_max = kGroupEventsMax, .callers_max = kCallersMax},
          [this](std::function<void()> work) {
            return options_.calls.TryRun(std::move(work));
          },
          [this](std::function<void()> work) {
            return options_.calls.TryRunNow(std::move(work));
          }),
      streams_(options_.calls,
               [this](v1::IngestEventsRequest& request,
                      v1::IngestEventsResponse& response,
                      const Done& done) { TakeIn(request, response, done); }) {}

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

absl::StatusOr<IngestService::Batch> IngestService::PassGate(
    v1::IngestEventsRequest& request,
    v1::IngestEventsResponse& response) const {
  if (request.events_size() > kEventsMax) {
    return FieldError(
        "events", "TOO_MANY_EVENTS",
        absl::StrCat("has ", request.events_size(), " entries; at most ",
                     kEventsMax, " are taken at once"));
  }
  const absl::Time now = options_.clock.Now();
  response.set_request_id(request.request_id());
  Batch batch;
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
    batch.events.push_back(std::move(gated));
    batch.results.push_back(&result);
  }
  return batch;
}

void IngestService::SetVerdicts(const std::vector<Admission>& admissions,
                                const std::vector<v1::EventResult*>& results,
                                v1::IngestEventsResponse& response) const {
  for (std::size_t k = 0; k < admissions.size(); ++k) {
    results[k]->set_verdict(admissions[k] == Admission::kAccepted
                                ? v1::EVENT_VERDICT_ACCEPTED
                                : v1::EVENT_VERDICT_DUPLICATE);
  }
  options_.metrics.CountEvents(response);
}

void IngestService::TakeIn(v1::IngestEventsRequest& request,
                           v1::IngestEventsResponse& response,
                           const Done& done) {
  absl::StatusOr<Batch> batch = PassGate(request, response);
  if (!batch.ok()) return done(batch.status());
  if (batch->events.empty()) {
    SetVerdicts({}, {}, response);
    return done(absl::OkStatus());
  }
  TENUTO_CRASH_POINT("ingest.after_gate");
  commits_.Commit(std::move(batch->events),
                  [this, done, &response, results = std::move(batch->results)](
                      const CommitGroup::Verdicts& verdicts) {
                    if (verdicts.ok())
                      SetVerdicts(*verdicts, results, response);
                    done(absl::IsResourceExhausted(verdicts.status())
                             ? BusyError()
                             : verdicts.status());
                  });
}

void IngestService::IngestEvents(IngestCall& call) {
  const auto finish = [this, &call, start = options_.calls.Now()](
                          const absl::Status& status) {
    call.Finish(options_.calls.Close(RpcMethod::kIngestEvents, start, status));
  };
  const auto take_in = [this, &call, finish] {
    TakeIn(call.request(), call.response(), finish);
  };
  if (call.IsGivenUp()) {
    finish(GivenUpError());
  } else if (call.request().events_size() <= kFewEvents) {
    take_in();
  } else if (!options_.calls.TryRun(take_in)) {
    finish(BusyError());
  }
}

void IngestService::Await(CallQueue& queue) {
  AwaitCalls(queue, methods_, &Methods::RequestIngestEvents,
             [this](IngestCall& call) { IngestEvents(call); });
  AwaitStreams(queue, methods_, &Methods::RequestStreamEvents,
               [this] { return streams_.Make(); });
}

}  // namespace tenuto
