// What, if anything, should we do for this user now? The decision is an event
// of the ledger, committed with its request before the answer leaves.
#ifndef TENUTO_SERVER_DECISION_SERVICE_H_
#define TENUTO_SERVER_DECISION_SERVICE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "features/base/clock.h"
#include "features/catalogue.h"
#include "features/event_gate.h"
#include "features/ledger.h"
#include "features/user_key.h"
#include "model/decision/policy.h"
#include "server/calls.h"
#include "server/metrics.h"
#include "server/rpc_service.h"
#include "server/user_scorer.h"
#include "tenuto/v1/decision.grpc.pb.h"

namespace tenuto {

// Thread-safe. The references must outlive it.
class DecisionService final : public RpcService {
 public:
  struct Options {
    const Clock& clock;
    const Catalogue& catalogue;
    const UserKeys& keys;
    const EventGate& gate;
    Ledger& ledger;
    const UserScorer& scorer;
    const Policy& policy;
    Metrics& metrics;
    Calls& calls;
    // With request and user it determines a decision's one draw, whatever else
    // the server is doing at the time.
    std::uint64_t seed = 0;
  };
  explicit DecisionService(Options options);

  // Without transport.
  absl::Status Decide(const v1::DecideTreatmentRequest& request,
                      v1::DecideTreatmentResponse& response) const;

  grpc::Service& methods() override { return methods_; }
  void Await(CallQueue& queue) override;

 private:
  // One decision while it is being made, under the user's stripe.
  struct Making;
  absl::StatusOr<Ledger::Outcome> Make(absl::string_view state,
                                       Making& making) const;

  const Options options_;
  v1::Decision::AsyncService methods_;
};

}  // namespace tenuto

#endif  // TENUTO_SERVER_DECISION_SERVICE_H_
