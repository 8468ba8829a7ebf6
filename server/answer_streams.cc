#include "server/answer_streams.h"

#include <memory>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "server/rpc_status.h"
#include "server/stream_calls.h"

namespace tenuto {

// Reads a request, answers it, and reads the next only when gRPC has taken the
// answer: who does not read the answers is not read either, and holds no more
// than one of each. gRPC calls in from one thread at a time, Drain() from any;
// gRPC is called without `mutex_`.
template <typename Request, typename Response>
class AnswerStreams<Request, Response>::Stream final
    : public Call,
      public std::enable_shared_from_this<Stream> {
 public:
  explicit Stream(AnswerStreams& streams) : streams_(streams) {}

  void OnArrived() override { streams_.open_.Open(this->shared_from_this()); }

  void Start() { Read(); }

  void Drain() {
    {
      const absl::MutexLock lock(&mutex_);
      is_draining_ = true;
      if (is_answering_ || is_ended_) return;
      is_ended_ = true;
    }
    this->Finish(ToGrpcStatus(DrainingError()));
  }

  void OnReadDone(bool ok) override {
    {
      const absl::MutexLock lock(&mutex_);
      if (is_ended_) return;
      is_answering_ = ok;
      is_ended_ = !ok;
    }
    if (!ok) return this->Finish(grpc::Status::OK);
    const absl::Time start = streams_.calls_.Now();
    response_.Clear();
    if (!streams_.is_long_(request_)) return AnswerRequest(start);
    const bool taken =
        streams_.calls_.TryRunHeavy([this, self = this->shared_from_this(),
                                     start] { AnswerRequest(start); });
    if (!taken) {
      End(streams_.calls_.Close(streams_.method_, start, BusyError()));
    }
  }

  void OnWriteDone(bool ok) override {
    if (!ok) {
      return End(ToGrpcStatus(absl::CancelledError("the caller went away")));
    }
    bool ends = false;
    {
      const absl::MutexLock lock(&mutex_);
      is_answering_ = false;
      ends = is_ended_ = is_draining_;
    }
    if (ends) return this->Finish(ToGrpcStatus(DrainingError()));
    Read();  // Ended meanwhile, it reads nothing.
  }

  void OnDone() override { streams_.open_.Forget(this); }

 private:
  void Read() {
    request_.Clear();
    this->StartRead(&request_);
  }

  void AnswerRequest(absl::Time start) {
    const absl::Status status = streams_.answer_(request_, response_);
    const grpc::Status closed =
        streams_.calls_.Close(streams_.method_, start, status);
    if (status.ok()) return this->StartWrite(&response_);
    End(closed);
  }

  void End(const grpc::Status& status) {
    {
      const absl::MutexLock lock(&mutex_);
      is_ended_ = true;
    }
    this->Finish(status);
  }

  AnswerStreams& streams_;
  Request request_;
  Response response_;
  absl::Mutex mutex_;
  bool is_answering_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_draining_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_ended_ ABSL_GUARDED_BY(mutex_) = false;
};

template <typename Request, typename Response>
AnswerStreams<Request, Response>::AnswerStreams(Calls& calls, RpcMethod method,
                                                Answer answer, IsLong is_long)
    : calls_(calls),
      method_(method),
      answer_(std::move(answer)),
      is_long_(std::move(is_long)) {}

template <typename Request, typename Response>
AnswerStreams<Request, Response>::~AnswerStreams() = default;

template <typename Request, typename Response>
std::shared_ptr<typename AnswerStreams<Request, Response>::Call>
AnswerStreams<Request, Response>::Make() {
  return std::make_shared<Stream>(*this);
}

template <typename Request, typename Response>
void AnswerStreams<Request, Response>::Drain() {
  open_.Drain();
}

template class AnswerStreams<v1::ScoreUsersRequest, v1::ScoreUsersResponse>;
template class AnswerStreams<v1::ScoreRowsRequest, v1::ScoreRowsResponse>;
template class AnswerStreams<
    grpc::reflection::v1alpha::ServerReflectionRequest,
    grpc::reflection::v1alpha::ServerReflectionResponse>;

}  // namespace tenuto
