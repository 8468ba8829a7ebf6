// One call that streams both ways: told what happened, it starts what comes
// next, as its heir knows.
// Not thread-safe: told by one thread at a time, its queue's. Starts from any,
// at most one read and one write at a time, and no write beside or after
// Finish().
#ifndef TENUTO_SERVER_STREAM_CALL_H_
#define TENUTO_SERVER_STREAM_CALL_H_

#include <atomic>

#include "grpcpp/impl/codegen/proto_utils.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/async_stream.h"
#include "server/call_queue.h"

namespace tenuto {

template <typename Request, typename Response>
class StreamCalls;

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

}  // namespace tenuto

#endif  // TENUTO_SERVER_STREAM_CALL_H_
