// What every RPC does around its own work: time it, count it, turn its status
// into gRPC's, and choose a thread for it.
#ifndef TENUTO_SERVER_CALLS_H_
#define TENUTO_SERVER_CALLS_H_

#include <cstddef>
#include <functional>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "features/base/clock.h"
#include "grpcpp/support/status.h"
#include "server/metrics.h"
#include "server/worker_pool.h"

namespace tenuto {

// What a call is told when too much work is waiting.
absl::Status BusyError();
// What is counted of a call that nobody waits for any more; it is not worked
// on.
absl::Status GivenUpError();
// What a stream is told when the server ends.
absl::Status DrainingError();

// Thread-safe. The references must outlive every call; a `call` is a UnaryCall.
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

  // For short work that waits for nothing: done in the queue's thread, where
  // all other calls of that thread wait for it, health checks among them.
  template <typename Call, typename Work>
  void Answer(Call& call, RpcMethod method, const Work& work) {
    const absl::Time start = clock_.Now();
    call.Finish(
        Close(method, start, call.IsGivenUp() ? GivenUpError() : work()));
  }

  // For work that waits for the disk. kResourceExhausted when too much waits.
  template <typename Call>
  void AnswerFromPool(Call& call, RpcMethod method,
                      std::function<absl::Status()> work) {
    AnswerFrom(disk_pool_, call, method, std::move(work));
  }

  // For work that computes for long. kResourceExhausted when too much waits.
  template <typename Call>
  void AnswerHeavy(Call& call, RpcMethod method,
                   std::function<absl::Status()> work) {
    AnswerFrom(heavy_pool_, call, method, std::move(work));
  }

  // False when too much long work is waiting.
  bool TryRunHeavy(std::function<void()> work) {
    return heavy_pool_.TryRun(std::move(work));
  }
  // False when too much work is waiting for the disk.
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
  static constexpr std::size_t kHeavyWaitingMax = 256;
  static int HeavyThreads();  // One a core.

  template <typename Call>
  void AnswerFrom(WorkerPool& pool, Call& call, RpcMethod method,
                  std::function<absl::Status()> work) {
    const absl::Time start = clock_.Now();
    const bool taken =
        pool.TryRun([this, &call, method, start, work = std::move(work)] {
          // Nobody waits for the answer of a call that was given up.
          const absl::Status status =
              call.IsGivenUp() ? GivenUpError() : work();
          call.Finish(Close(method, start, status));
        });
    if (!taken) call.Finish(Close(method, start, BusyError()));
  }

  const Clock& clock_;
  Metrics& metrics_;
  WorkerPool& disk_pool_;
  const std::function<void()> on_data_loss_;
  WorkerPool heavy_pool_{HeavyThreads(), kHeavyWaitingMax};
};

}  // namespace tenuto

#endif  // TENUTO_SERVER_CALLS_H_
