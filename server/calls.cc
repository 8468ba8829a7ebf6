#include "server/calls.h"

#include "features/base/usable_cores.h"
#include "server/rpc_status.h"

namespace tenuto {

int Calls::HeavyThreads() { return UsableCores(); }

grpc::Status Calls::Close(RpcMethod method, absl::Time start,
                          const absl::Status& status) {
  metrics_.CountCall(method, status.code(), clock_.Now() - start);
  if (absl::IsDataLoss(status)) on_data_loss_();
  return ToGrpcStatus(status);
}

absl::Status BusyError() {
  return WithReason(
      absl::ResourceExhaustedError("too many calls wait; repeat later"),
      "OVERLOADED");
}

absl::Status GivenUpError() {
  return absl::DeadlineExceededError("nobody waited for it when its turn came");
}

absl::Status DrainingError() {
  return WithReason(
      absl::UnavailableError("the server is draining; stream to another one"),
      "DRAINING");
}

}  // namespace tenuto
