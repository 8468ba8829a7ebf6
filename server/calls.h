// What every RPC does around its own work: time it, count it, turn its status
// into gRPC's.
#ifndef TENUTO_SERVER_CALLS_H_
#define TENUTO_SERVER_CALLS_H_

#include <functional>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "features/base/clock.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"
#include "server/metrics.h"
#include "server/worker_pool.h"

namespace tenuto {

// Thread-safe. The references must outlive every call.
class Calls {
 public:
  // `on_data_loss` hears of every call that found the ledger damaged.
  Calls(
      const Clock& clock, Metrics& metrics, WorkerPool& disk_pool,
      std::function<void()> on_data_loss = [] {})
      : clock_(clock),
        metrics_(metrics),
        disk_pool_(disk_pool),
        on_data_loss_(std::move(on_data_loss)) {}

  // For work that waits for nothing: done in gRPC's own thread.
  grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext& context,
                                   RpcMethod method,
                                   absl::FunctionRef<absl::Status()> work);

  // For work that waits for the disk. kResourceExhausted when too much waits.
  grpc::ServerUnaryReactor* AnswerFromPool(grpc::CallbackServerContext& context,
                                           RpcMethod method,
                                           std::function<absl::Status()> work);

  // False when too much work is waiting.
  bool TryRun(std::function<void()> work) {
    return disk_pool_.TryRun(std::move(work));
  }
  // False when no thread is free to begin with it at once.
  bool TryRunNow(std::function<void()> work) {
    return disk_pool_.TryRunNow(std::move(work));
  }
  absl::Time Now() const { return clock_.Now(); }
  // Counts a call that began at `start` and gives gRPC's form of its status.
  grpc::Status Close(RpcMethod method, absl::Time start,
                     const absl::Status& status);

 private:
  const Clock& clock_;
  Metrics& metrics_;
  WorkerPool& disk_pool_;
  const std::function<void()> on_data_loss_;
};

// What a call is told when too much work is waiting.
absl::Status BusyError();
// What a stream is told when the server ends.
absl::Status DrainingError();

}  // namespace tenuto

#endif  // TENUTO_SERVER_CALLS_H_
