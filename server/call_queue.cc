#include "server/call_queue.h"

#include <chrono>

#include "grpcpp/alarm.h"

namespace tenuto {

namespace {

// That calls which wait for others are passed by.
constexpr int kStepsMax = 64;

}  // namespace

CallQueue::CallQueue(grpc::ServerBuilder& builder, absl::Duration spin)
    : spin_(spin), queue_(builder.AddCompletionQueue()) {}

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

void CallQueue::Run() {
  void* tag = nullptr;
  int taken = 0;
  for (bool ok = false; Next(&tag, &ok);) {
    static_cast<CallStep*>(tag)->Take(ok);
    // A queue may never be quiet.
    if (++taken % kStepsMax == 0) AnswerWaiting();
  }
}

bool CallQueue::Next(void** tag, bool* ok) {
  // Steady, and read by nothing but this wait.
  const auto end =
      std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(spin_);
  do {
    const auto next =
        queue_->AsyncNext(tag, ok, std::chrono::system_clock::time_point());
    if (next != grpc::CompletionQueue::TIMEOUT) {
      return next == grpc::CompletionQueue::GOT_EVENT;
    }
    AnswerWaiting();
  } while (std::chrono::steady_clock::now() < end);
  return queue_->Next(tag, ok);
}

void CallQueue::AnswerWaiting() {
  for (WaitingCalls* const calls : waiting_) calls->AnswerAll();
  waiting_.clear();
}

}  // namespace tenuto
