// The calls of one method on one queue: those that wait to come in, those being
// answered, and those whose memory waits for the next.
// Not thread-safe: its queue's thread's, once that has started.
#ifndef TENUTO_SERVER_UNARY_CALLS_H_
#define TENUTO_SERVER_UNARY_CALLS_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "server/unary_call.h"

namespace tenuto {

enum class Cancels { kUnheard, kHeard };

template <typename Request, typename Response>
class UnaryCalls {
 public:
  using Call = UnaryCall<Request, Response>;
  using Ask =
      std::function<void(grpc::ServerContext*, Request*, typename Call::Writer*,
                         grpc::ServerCompletionQueue*, void* tag)>;
  // On the queue's thread, which must not wait. Finishes the call, or hands it
  // to somebody who will.
  using Answer = std::function<void(Call&)>;

  // What a few large calls needed is not kept: messages take up to twenty times
  // the bytes that they are on the wire.
  static constexpr std::size_t kKeptBytesMax = 4 << 10;
  static constexpr std::size_t kKeptMax = 64;
  // More arrive and wait inside gRPC.
  static constexpr int kAwaited = 32;

  UnaryCalls(CallQueue& queue, Ask ask, Answer answer, Cancels cancels)
      : queue_(queue),
        ask_(std::move(ask)),
        answer_(std::move(answer)),
        cancels_(cancels) {
    for (int k = 0; k < kAwaited; ++k) AwaitOne();
  }

 private:
  friend Call;

  void AwaitOne() {
    queue_.Enter();
    if (free_.empty()) free_.push_back(std::make_unique<Call>(*this));
    Call& call = *free_.back().release();  // gRPC's until it is taken back.
    free_.pop_back();
    call.Renew();
    if (cancels_ == Cancels::kHeard) call.HearCancel();
    ask_(&*call.context_, &call.request_, &*call.writer_, &queue_.grpc(),
         &call.arrived_);
  }
  void Take(Call& call) {
    call.is_small_ = call.request_.ByteSizeLong() <= kKeptBytesMax;
    answer_(call);
    AwaitOne();
  }
  void TakeBack(Call* taken) {
    std::unique_ptr<Call> call(taken);
    const bool is_kept = call->is_small_ && free_.size() < kKeptMax &&
                         call->response_.ByteSizeLong() <= kKeptBytesMax;
    call->Clear();
    if (is_kept) free_.push_back(std::move(call));
    queue_.Leave();
  }

  CallQueue& queue_;
  const Ask ask_;
  const Answer answer_;
  const Cancels cancels_;
  std::vector<std::unique_ptr<Call>> free_;
};

// Answers the calls of a method that a generated AsyncService asks for with
// `ask`, "&v1::Scoring::AsyncService::RequestScoreRows".
template <typename Service, typename Asked, typename Request, typename Response>
void AwaitCalls(CallQueue& queue, Service& service,
                void (Asked::*ask)(grpc::ServerContext*, Request*,
                                   grpc::ServerAsyncResponseWriter<Response>*,
                                   grpc::CompletionQueue*,
                                   grpc::ServerCompletionQueue*, void*),
                typename UnaryCalls<Request, Response>::Answer answer,
                Cancels cancels = Cancels::kUnheard) {
  queue.Keep(std::make_shared<UnaryCalls<Request, Response>>(
      queue,
      [&service, ask](grpc::ServerContext* context, Request* request,
                      grpc::ServerAsyncResponseWriter<Response>* writer,
                      grpc::ServerCompletionQueue* calls, void* tag) {
        (service.*ask)(context, request, writer, calls, calls, tag);
      },
      std::move(answer), cancels));
}

}  // namespace tenuto

#endif  // TENUTO_SERVER_UNARY_CALLS_H_
