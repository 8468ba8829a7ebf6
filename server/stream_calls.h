// The calls of one method that streams both ways, on one queue: the one that
// waits for its caller; from there on each keeps itself.
// Not thread-safe: its queue's thread's, once that has started.
#ifndef TENUTO_SERVER_STREAM_CALLS_H_
#define TENUTO_SERVER_STREAM_CALLS_H_

#include <functional>
#include <memory>
#include <utility>

#include "server/stream_call.h"

namespace tenuto {

template <typename Request, typename Response>
class StreamCalls {
 public:
  using Call = StreamCall<Request, Response>;
  using Ask = std::function<void(grpc::ServerContext*, typename Call::Stream*,
                                 grpc::ServerCompletionQueue*, void* tag)>;
  // A call to wait for. From OnArrived() on it keeps itself.
  using Make = std::function<std::shared_ptr<Call>()>;

  StreamCalls(CallQueue& queue, Ask ask, Make make)
      : queue_(queue), ask_(std::move(ask)), make_(std::move(make)) {
    Await();
  }

 private:
  friend Call;

  void Await() {
    queue_.Enter();
    awaited_ = make_();
    awaited_->calls_ = this;
    ask_(&awaited_->context_, &awaited_->stream_, &queue_.grpc(),
         &awaited_->arrived_);
  }
  void Arrive(bool ok) {
    const std::shared_ptr<Call> arrived = std::move(awaited_);
    if (!ok) return Leave();  // The server is shut down.
    Await();
    arrived->OnArrived();
  }
  void Leave() { queue_.Leave(); }

  CallQueue& queue_;
  const Ask ask_;
  const Make make_;
  std::shared_ptr<Call> awaited_;
};

// Takes the calls of a method that a generated AsyncService asks for with
// `ask`, "&v1::Ingest::AsyncService::RequestStreamEvents".
template <typename Service, typename Asked, typename Request, typename Response>
void AwaitStreams(
    CallQueue& queue, Service& service,
    void (Asked::*ask)(grpc::ServerContext*,
                       grpc::ServerAsyncReaderWriter<Response, Request>*,
                       grpc::CompletionQueue*, grpc::ServerCompletionQueue*,
                       void*),
    typename StreamCalls<Request, Response>::Make make) {
  queue.Keep(std::make_shared<StreamCalls<Request, Response>>(
      queue,
      [&service, ask](grpc::ServerContext* context,
                      grpc::ServerAsyncReaderWriter<Response, Request>* stream,
                      grpc::ServerCompletionQueue* calls, void* tag) {
        (service.*ask)(context, stream, calls, calls, tag);
      },
      std::move(make)));
}

}  // namespace tenuto

#endif  // TENUTO_SERVER_STREAM_CALLS_H_
