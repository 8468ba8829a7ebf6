// What should be done about a failed payment? The plan is an event of the
// ledger, committed with its request before the answer leaves; so is the lease
// of an attempt that is due, which is how no card is charged twice.
#ifndef TENUTO_SERVER_GRACE_SERVICE_H_
#define TENUTO_SERVER_GRACE_SERVICE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "features/base/clock.h"
#include "features/catalogue.h"
#include "features/event_gate.h"
#include "features/ledger.h"
#include "features/user_key.h"
#include "model/decision/payment_rules.h"
#include "model/grace/grace_choice.h"
#include "model/grace/grace_planner.h"
#include "model/grace/grace_values.h"
#include "model/grace/open_payment.h"
#include "model/grace/recovery_registry.h"
#include "server/calls.h"
#include "server/metrics.h"
#include "server/rpc_service.h"
#include "server/spares.h"
#include "server/user_scorer.h"
#include "tenuto/v1/grace.grpc.pb.h"

namespace tenuto {

// Thread-safe. The references must outlive it.
class GraceService final : public RpcService {
 public:
  struct Options {
    const Clock& clock;
    const Catalogue& catalogue;
    const UserKeys& keys;
    const EventGate& gate;
    Ledger& ledger;
    const UserScorer& scorer;  // Knows what holds for silent users.
    const RecoveryRegistry& registry;
    const PaymentRules& rules;
    const GraceValues& values;
    std::string default_model;  // Of calls that name none.
    absl::Duration lease;
    Metrics& metrics;
    Calls& calls;
    // With user and invoice it determines the one draw of a payment.
    std::uint64_t seed = 0;
  };
  explicit GraceService(Options options);

  // Without transport.
  absl::Status Plan(const v1::PlanGracePeriodRequest& request,
                    v1::PlanGracePeriodResponse& response) const;

  grpc::Service& methods() override { return methods_; }
  void Await(CallQueue& queue) override;

 private:
  // One plan while it is being made, under the user's stripe.
  struct Making;
  // What making one needs much of, and leaves nothing in.
  struct Desk {
    std::vector<float> row;
    HazardMargins margins;
    GracePlanner planner;
  };
  absl::Status Check(const v1::PlanGracePeriodRequest& request) const;
  absl::StatusOr<Ledger::Outcome> Make(absl::string_view state,
                                       Making& making) const;
  absl::Status Read(Making& making) const;
  absl::StatusOr<GraceStakes> StakesOf(const OpenPayment& open) const;
  ChosenPlan Pick(const Making& making, const PlanQuestion& question,
                  PlanDetail detail, GracePlanner& planner) const;
  absl::Status Choose(Making& making) const;
  void Lease(Making& making) const;
  Ledger::Outcome Record(Making& making) const;

  const Options options_;
  mutable Spares<Desk> desks_;
  v1::Grace::AsyncService methods_;
};

}  // namespace tenuto

#endif  // TENUTO_SERVER_GRACE_SERVICE_H_
