#include "server/call_queue.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "grpc/support/time.h"
#include "grpcpp/alarm.h"

namespace tenuto {
namespace {

using Steady = std::chrono::steady_clock;
constexpr auto kAsleep = Steady::time_point::max();
constexpr auto kQuiet = std::chrono::milliseconds(1);

// That calls which wait for others are passed by.
constexpr int kStepsMax = 64;

}  // namespace

// Brings a question to the queue's thread.
class CallQueue::AskForQuiet final : public CallStep {
 public:
  AskForQuiet(CallQueue& queue, std::shared_ptr<absl::Notification> quiet)
      : queue_(queue), quiet_(std::move(quiet)) {
    alarm_.Set(&queue_.grpc(), std::chrono::system_clock::time_point(), this);
  }
  void Take(bool) override {
    queue_.asked_.push_back(std::move(quiet_));
    delete this;
  }

 private:
  CallQueue& queue_;
  std::shared_ptr<absl::Notification> quiet_;
  grpc::Alarm alarm_;
};

CallQueue::CallQueue(grpc::ServerBuilder& builder, absl::Duration spin)
    : spin_(spin), queue_(builder.AddCompletionQueue()), last_quiet_(kAsleep) {}

CallQueue::~CallQueue() {
  // A queue must not be shut down before its server has been, and counts on its
  // own thread.
  CallStepOf<CallQueue, &CallQueue::End> end(*this);
  grpc::Alarm alarm;
  alarm.Set(queue_.get(), std::chrono::system_clock::time_point(), &end);
  if (thread_.joinable()) {
    thread_.join();
  } else {
    Run();  // It was never started.
  }
}

void CallQueue::Start() {
  thread_ = std::thread([this] { Run(); });
}

bool CallQueue::AwaitQuiet(absl::Duration most) {
  const auto quiet = std::make_shared<absl::Notification>();
  new AskForQuiet(*this, quiet);  // The queue's until it is taken.
  return quiet->WaitForNotificationWithTimeout(most);
}

absl::Duration CallQueue::lag() const {
  const Steady::time_point since = last_quiet_;
  return since == kAsleep ? absl::ZeroDuration()
                          : absl::FromChrono(Steady::now() - since);
}

void CallQueue::Run() {
  last_quiet_ = Steady::now();
  void* tag = nullptr;
  int taken = 0;
  for (bool ok = false; Next(&tag, &ok);) {
    static_cast<CallStep*>(tag)->Take(ok);
    // A queue may never be quiet.
    if (++taken % kStepsMax == 0) AnswerWaiting();
  }
}

bool CallQueue::Next(void** tag, bool* ok) {
  // By the clock that gRPC waits by: it would read two to convert another.
  const gpr_timespec at_once = gpr_inf_past(GPR_CLOCK_MONOTONIC);
  Steady::time_point quiet_since = kAsleep;
  bool is_patient = true;
  while (is_patient) {
    const auto next = queue_->AsyncNext(tag, ok, at_once);
    if (next != grpc::CompletionQueue::TIMEOUT) {
      return next == grpc::CompletionQueue::GOT_EVENT;
    }
    AnswerWaiting();
    const Steady::time_point now = Steady::now();
    last_quiet_ = now;
    quiet_since = std::min(quiet_since, now);
    // One look may see nothing while another connection has something.
    if (now - quiet_since >= kQuiet) {
      for (const auto& quiet : asked_) quiet->Notify();
      asked_.clear();
    }
    is_patient =
        now - quiet_since < absl::ToChronoNanoseconds(spin_) || !asked_.empty();
  }
  last_quiet_ = kAsleep;
  const bool taken = queue_->Next(tag, ok);
  last_quiet_ = Steady::now();
  return taken;
}

void CallQueue::AnswerWaiting() {
  for (WaitingCalls* const calls : waiting_) calls->AnswerAll();
  waiting_.clear();
}

void ShutDown(grpc::Server& server,
              absl::Span<const std::unique_ptr<CallQueue>> queues,
              absl::Duration most) {
  const auto end =
      std::chrono::system_clock::now() + absl::ToChronoNanoseconds(most);
  // A shutdown drops what waits inside gRPC for its turn.
  const Steady::time_point quiet_end =
      Steady::now() + absl::ToChronoNanoseconds(most / 2);
  for (const auto& queue : queues) {
    queue->AwaitQuiet(absl::FromChrono(quiet_end - Steady::now()));
  }
  server.Shutdown(end);
}

}  // namespace tenuto
