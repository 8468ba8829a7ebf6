// One method that streams both ways, on one queue. A StreamCall is told what
// happened and starts what comes next; how it does that is its heir's.
#ifndef TENUTO_SERVER_STREAM_CALL_H_
#define TENUTO_SERVER_STREAM_CALL_H_

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include "grpcpp/impl/codegen/proto_utils.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/async_stream.h"
#include "server/call_queue.h"

namespace tenuto {

template <typename Request, typename Response>
class StreamCalls;

// Told what happened by one thread at a time, its queue's; starts from any. At
// most one read and one write at a time, and no write beside or after Finish().
template <typename Request, typename Response>
class StreamCall {
 public:
  using Stream = grpc::ServerAsyncReaderWriter<Response, Request>;

  virtual ~StreamCall() = default;

  virtual void OnArrived() = 0;
  // False: no more will come, or the caller is gone, or the call is finished.
  virtual void OnReadDone(bool ok) = 0;
  // False: the caller is gone.
  virtual void OnWriteDone(bool ok) = 0;
  // Last: finished, and nothing is under way. May destroy the call.
  virtual void OnDone() = 0;

 protected:
  void StartRead(Request* request) {
    ++under_way_;
    stream_.Read(request, &read_);
  }
  void StartWrite(const Response* response) {
    ++under_way_;
    stream_.Write(*response, &written_);
  }
  // Once.
  void Finish(const grpc::Status& status) {
    stream_.Finish(status, &finished_);
  }

 private:
  friend class StreamCalls<Request, Response>;

  void TakeArrival(bool ok) { calls_->Arrive(ok); }
  void TakeRead(bool ok) {
    OnReadDone(ok);
    End();
  }
  void TakeWrite(bool ok) {
    OnWriteDone(ok);
    End();
  }
  void TakeFinish(bool) { End(); }
  void End() {
    StreamCalls<Request, Response>& calls = *calls_;
    if (--under_way_ > 0) return;
    OnDone();
    calls.Leave();
  }

  StreamCalls<Request, Response>* calls_ = nullptr;
  grpc::ServerContext context_;
  Stream stream_{&context_};
  CallStepOf<StreamCall, &StreamCall::TakeArrival> arrived_{*this};
  CallStepOf<StreamCall, &StreamCall::TakeRead> read_{*this};
  CallStepOf<StreamCall, &StreamCall::TakeWrite> written_{*this};
  CallStepOf<StreamCall, &StreamCall::TakeFinish> finished_{*this};
  std::atomic<int> under_way_{1};  // Reads, writes and the call until finished.
};

// Its queue's thread's, once that has started.
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

#endif  // TENUTO_SERVER_STREAM_CALL_H_
