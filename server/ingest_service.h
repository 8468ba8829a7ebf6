// Takes in what happened: gate every event, commit what passes, answer event by
// event.
#ifndef TENUTO_SERVER_INGEST_SERVICE_H_
#define TENUTO_SERVER_INGEST_SERVICE_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "features/base/clock.h"
#include "features/commit_group.h"
#include "features/event_gate.h"
#include "features/ledger.h"
#include "server/calls.h"
#include "server/event_streams.h"
#include "server/metrics.h"
#include "server/rpc_service.h"
#include "server/unary_call.h"
#include "tenuto/v1/ingest.grpc.pb.h"

namespace tenuto {

// Thread-safe. The references must outlive it.
class IngestService final : public RpcService {
 public:
  static constexpr int kEventsMax = 1000;
  // A call with at most as many is checked at once; more would keep the queue's
  // thread too long.
  static constexpr int kFewEvents = 32;
  // Told how it went, once, from any thread, when all is durable.
  using Done = std::function<void(const absl::Status&)>;

  struct Options {
    const Clock& clock;
    const EventGate& gate;
    Ledger& ledger;
    Metrics& metrics;
    Calls& calls;
  };
  explicit IngestService(const Options& options);

  // One batch, without transport. Takes the ids out of the request's events.
  // `response` must live until `done`.
  void TakeIn(v1::IngestEventsRequest& request,
              v1::IngestEventsResponse& response, const Done& done);

  void Drain() { streams_.Drain(); }

  grpc::Service& methods() override { return methods_; }
  void Await(CallQueue& queue) override;

 private:
  // Events that passed the gate, and where their verdicts go.
  struct Batch {
    std::vector<GatedEvent> events;
    std::vector<v1::EventResult*> results;
  };

  absl::StatusOr<Batch> PassGate(v1::IngestEventsRequest& request,
                                 v1::IngestEventsResponse& response) const;
  void SetVerdicts(const std::vector<Admission>& admissions,
                   const std::vector<v1::EventResult*>& results,
                   v1::IngestEventsResponse& response) const;
  // `users` remembers keys from one event to the next.
  std::optional<Rejection> Admit(
      v1::Event& event, absl::Time now,
      absl::flat_hash_map<std::string, UserKey>& users,
      GatedEvent& gated) const;

  using Methods = v1::Ingest::AsyncService;
  using IngestCall =
      UnaryCall<v1::IngestEventsRequest, v1::IngestEventsResponse>;
  void IngestEvents(IngestCall& call);

  const Options options_;
  Methods methods_;
  CommitGroup commits_;
  EventStreams streams_;
};

}  // namespace tenuto

#endif  // TENUTO_SERVER_INGEST_SERVICE_H_
