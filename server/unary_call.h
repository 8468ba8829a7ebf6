// One method of one request and one answer, on one queue: the calls that wait
// to come in, the one being answered, and their messages, which are used again
// from call to call: strings, lists and submessages keep their memory.
#ifndef TENUTO_SERVER_UNARY_CALL_H_
#define TENUTO_SERVER_UNARY_CALL_H_

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "grpcpp/impl/codegen/proto_utils.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/async_unary_call.h"
#include "server/call_queue.h"

namespace tenuto {

template <typename Request, typename Response>
class UnaryCalls;

// Thread-safe: whoever has the call uses it, and Finish() gives it back.
template <typename Request, typename Response>
class UnaryCall {
 public:
  using Writer = grpc::ServerAsyncResponseWriter<Response>;

  explicit UnaryCall(UnaryCalls<Request, Response>& calls) : calls_(calls) {}

  Request& request() { return request_; }
  Response& response() { return response_; }
  // The caller gave up. Only methods that wait hear of it.
  bool IsCancelled() const { return is_cancelled_; }
  // Once, from any thread.
  void Finish(const grpc::Status& status) {
    if (status.ok()) {
      writer_->Finish(response_, status, &finished_);
    } else {
      writer_->FinishWithError(status, &finished_);
    }
  }

 private:
  friend class UnaryCalls<Request, Response>;

  void Await();
  void OnArrived(bool ok);
  void OnFinished(bool) { TakeStep(); }
  void OnDone(bool) {
    is_cancelled_ = context_->IsCancelled();
    TakeStep();
  }
  void TakeStep() {
    if (--steps_left_ == 0) calls_.TakeBack(this);
  }

  UnaryCalls<Request, Response>& calls_;
  Request request_;
  Response response_;
  std::optional<grpc::ServerContext> context_;
  std::optional<Writer> writer_;
  CallStepOf<UnaryCall, &UnaryCall::OnArrived> arrived_{*this};
  CallStepOf<UnaryCall, &UnaryCall::OnFinished> finished_{*this};
  CallStepOf<UnaryCall, &UnaryCall::OnDone> done_{*this};
  int steps_left_ = 0;
  std::atomic<bool> is_cancelled_{false};
};

// Its queue's thread's, once that has started.
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

  // What a few large calls needed is not kept.
  static constexpr std::size_t kKeptRequestBytesMax = 16 << 10;
  static constexpr std::size_t kKeptMax = 256;
  // More arrive and wait inside gRPC.
  static constexpr int kAwaited = 32;

  UnaryCalls(CallQueue& queue, Ask ask, Answer answer, bool hears_cancel)
      : queue_(queue),
        ask_(std::move(ask)),
        answer_(std::move(answer)),
        hears_cancel_(hears_cancel) {
    for (int k = 0; k < kAwaited; ++k) AwaitOne();
  }

 private:
  friend Call;

  void AwaitOne() {
    queue_.Enter();
    std::unique_ptr<Call> call;
    if (free_.empty()) {
      call = std::make_unique<Call>(*this);
    } else {
      call = std::move(free_.back());
      free_.pop_back();
    }
    call.release()->Await();  // gRPC's until it is taken back.
  }
  void TakeBack(Call* taken) {
    std::unique_ptr<Call> call(taken);
    call->writer_.reset();  // It lives in memory of the context's call.
    call->context_.reset();
    if (free_.size() < kKeptMax &&
        call->request_.ByteSizeLong() <= kKeptRequestBytesMax) {
      call->request_.Clear();
      call->response_.Clear();
      free_.push_back(std::move(call));
    }
    queue_.Leave();
  }

  CallQueue& queue_;
  const Ask ask_;
  const Answer answer_;
  const bool hears_cancel_;
  std::vector<std::unique_ptr<Call>> free_;
};

template <typename Request, typename Response>
void UnaryCall<Request, Response>::Await() {
  context_.emplace();
  writer_.emplace(&*context_);
  is_cancelled_ = false;
  steps_left_ = 1;
  if (calls_.hears_cancel_) context_->AsyncNotifyWhenDone(&done_);
  calls_.ask_(&*context_, &request_, &*writer_, &calls_.queue_.grpc(),
              &arrived_);
}

template <typename Request, typename Response>
void UnaryCall<Request, Response>::OnArrived(bool ok) {
  if (!ok) return calls_.TakeBack(this);  // The server is shut down.
  if (calls_.hears_cancel_) ++steps_left_;
  calls_.answer_(*this);
  calls_.AwaitOne();
}

enum class Cancels { kUnheard, kHeard };

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
      std::move(answer), cancels == Cancels::kHeard));
}

}  // namespace tenuto

#endif  // TENUTO_SERVER_UNARY_CALL_H_
