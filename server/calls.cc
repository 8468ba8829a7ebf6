#include "server/calls.h"

#include <utility>

#include "server/rpc_status.h"

namespace tenuto {

grpc::ServerUnaryReactor* Calls::Answer(
    grpc::CallbackServerContext& context, RpcMethod method,
    absl::FunctionRef<absl::Status()> work) {
  grpc::ServerUnaryReactor* const reactor = context.DefaultReactor();
  const absl::Time start = clock_.Now();
  reactor->Finish(Close(method, start, work()));
  return reactor;
}

grpc::ServerUnaryReactor* Calls::AnswerFromPool(
    grpc::CallbackServerContext& context, RpcMethod method,
    std::function<absl::Status()> work) {
  grpc::ServerUnaryReactor* const reactor = context.DefaultReactor();
  const absl::Time start = clock_.Now();
  const bool taken = disk_pool_.TryRun(
      [this, &context, reactor, method, start, work = std::move(work)] {
        // Nobody waits for the answer of a call that was given up.
        const absl::Status status =
            context.IsCancelled()
                ? absl::CancelledError("the caller gave up while it waited")
                : work();
        reactor->Finish(Close(method, start, status));
      });
  if (!taken) reactor->Finish(Close(method, start, BusyError()));
  return reactor;
}

grpc::Status Calls::Close(RpcMethod method, absl::Time start,
                          const absl::Status& status) {
  metrics_.CountCall(method, status.code(), clock_.Now() - start);
  if (absl::IsDataLoss(status)) on_data_loss_();
  return ToGrpcStatus(status);
}

absl::Status BusyError() {
  return WithReason(absl::ResourceExhaustedError(
                        "too many calls wait for the disk; repeat later"),
                    "OVERLOADED");
}

absl::Status DrainingError() {
  return WithReason(
      absl::UnavailableError("the server is draining; stream to another one"),
      "DRAINING");
}

}  // namespace tenuto
