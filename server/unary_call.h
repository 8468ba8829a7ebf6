// One call of one request and one answer: its messages, which are used again
// from call to call, and what gRPC has to say about it.
// Thread-safe: whoever has the call uses it, and Finish() gives it back.
#ifndef TENUTO_SERVER_UNARY_CALL_H_
#define TENUTO_SERVER_UNARY_CALL_H_

#include <atomic>
#include <optional>

#include "grpcpp/impl/codegen/proto_utils.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/async_unary_call.h"
#include "server/call_queue.h"

namespace tenuto {

template <typename Request, typename Response>
class UnaryCalls;

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

  void Renew() {
    context_.emplace();
    writer_.emplace(&*context_);
    is_cancelled_ = false;
    steps_left_ = 1;
  }
  void HearCancel() {
    context_->AsyncNotifyWhenDone(&done_);
    steps_left_ = 2;
  }
  void Clear() {
    writer_.reset();
    context_.reset();
    request_.Clear();
    response_.Clear();
  }
  void OnArrived(bool ok) {
    // Not ok: the server is shut down, and nothing else will come.
    ok ? calls_.Take(*this) : calls_.TakeBack(this);
  }
  void OnFinished(bool) { EndStep(); }
  void OnDone(bool) {
    is_cancelled_ = context_->IsCancelled();
    EndStep();
  }
  void EndStep() {
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

}  // namespace tenuto

#endif  // TENUTO_SERVER_UNARY_CALL_H_
