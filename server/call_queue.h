// The thread on which gRPC hands over its calls: a completion queue, and what
// waits in it. A call is read, scored and answered on one thread, without a
// hand-over in between; what must wait for the disk goes to a worker pool.
#ifndef TENUTO_SERVER_CALL_QUEUE_H_
#define TENUTO_SERVER_CALL_QUEUE_H_

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "grpcpp/completion_queue.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"

namespace tenuto {

// What a call waits for: its tag in the queue. Taken on the queue's thread.
class CallStep {
 public:
  virtual ~CallStep() = default;
  virtual void Take(bool ok) = 0;
};

// A step that is a method of its call.
template <typename Call, void (Call::*kMethod)(bool)>
class CallStepOf final : public CallStep {
 public:
  explicit CallStepOf(Call& call) : call_(call) {}
  void Take(bool ok) override { (call_.*kMethod)(ok); }

 private:
  Call& call_;
};

// Calls that arrived and wait for others that did, to be answered together.
class WaitingCalls {
 public:
  virtual ~WaitingCalls() = default;
  virtual void AnswerAll() = 0;
};

// Not thread-safe where nothing else is said: to be set up before Start(), and
// from then on its thread's.
class CallQueue {
 public:
  // To be made before the builder's server. The thread looks for so long at a
  // quiet queue before it sleeps: to be woken costs more than most calls.
  CallQueue(grpc::ServerBuilder& builder, absl::Duration spin);
  // The server must have been shut down. Returns when every call is over.
  ~CallQueue();

  void Start();

  grpc::ServerCompletionQueue& grpc() { return *queue_; }

  // Returns when all that had arrived was taken and nothing else came, or false
  // after `most`. Thread-safe, once it has started.
  bool AwaitQuiet(absl::Duration most);

  // For how long something was always waiting: the thread is at its limit where
  // that is seconds. Thread-safe.
  absl::Duration lag() const;

  // For something that calls come to, until the queue is gone.
  void Keep(std::shared_ptr<void> kept) { kept_.push_back(std::move(kept)); }

  // Asked to answer once nothing else has arrived, which is soon.
  void AnswerSoon(WaitingCalls& calls) { waiting_.push_back(&calls); }

  // Of every call that is waited for or being answered. A server that was shut
  // down brings no new ones: when the last has left, the queue can end.
  void Enter() { ++calls_; }
  void Leave() {
    if (--calls_ == 0) queue_->Shutdown();
  }

 private:
  void End(bool) { Leave(); }
  void Run();
  bool Next(void** tag, bool* ok);
  void AnswerWaiting();

  class AskForQuiet;

  const absl::Duration spin_;
  const std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::vector<std::shared_ptr<void>> kept_;
  std::vector<WaitingCalls*> waiting_;
  std::vector<std::shared_ptr<absl::Notification>> asked_;
  std::atomic<std::chrono::steady_clock::time_point> last_quiet_;
  int calls_ = 1;  // And the queue itself, until its end.
  std::thread thread_;
};

// Takes what has arrived, in at most half of the time, then shuts the server
// down: what still arrives is refused, and what goes on after `most` cancelled.
void ShutDown(grpc::Server& server,
              absl::Span<const std::unique_ptr<CallQueue>> queues,
              absl::Duration most);

}  // namespace tenuto

#endif  // TENUTO_SERVER_CALL_QUEUE_H_
