#include "server/event_streams.h"

#include <utility>

#include "server/rpc_status.h"

namespace tenuto {
namespace {

absl::Status DrainingError() {
  return WithReason(
      absl::UnavailableError("the server is draining; stream to another one"),
      "DRAINING");
}

}  // namespace

// Read, answer, write, again. gRPC runs one step of a stream at a time; only
// Drain comes from outside, and `mutex_` keeps it from ending a stream twice.
// Goes when gRPC is done with it.
class EventStreams::Stream final : public Reactor {
 public:
  explicit Stream(EventStreams& streams) : streams_(streams) {}

  void Read() {
    {
      absl::MutexLock lock(&mutex_);
      if (ended_) return;
      is_idle_ = true;
    }
    request_.Clear();
    StartRead(&request_);
  }

  void Drain() {
    {
      absl::MutexLock lock(&mutex_);
      is_draining_ = true;
      if (!is_idle_) return;
    }
    End(DrainingError());
  }

  void OnReadDone(bool ok) override {
    {
      absl::MutexLock lock(&mutex_);
      if (ended_) return;
      is_idle_ = false;
    }
    if (!ok) return End(absl::OkStatus());
    if (!streams_.calls_.TryRun([this] { AnswerBatch(); })) End(BusyError());
  }

  void OnWriteDone(bool ok) override {
    if (!ok) return End(absl::CancelledError("the producer went away"));
    bool is_draining;
    {
      absl::MutexLock lock(&mutex_);
      is_draining = is_draining_;
    }
    if (is_draining) return End(DrainingError());
    Read();
  }

  void OnDone() override { streams_.Forget(this); }

 private:
  void AnswerBatch() {
    const absl::Time start = streams_.calls_.Now();
    response_.Clear();
    const absl::Status status = streams_.take_in_(request_, response_);
    const grpc::Status answer =
        streams_.calls_.Close(RpcMethod::kStreamEvents, start, status);
    if (status.ok()) {
      StartWrite(&response_);
    } else {
      End(answer);
    }
  }

  void End(const absl::Status& status) { End(ToGrpcStatus(status)); }
  void End(const grpc::Status& status) {
    {
      absl::MutexLock lock(&mutex_);
      if (std::exchange(ended_, true)) return;
    }
    Finish(status);
  }

  EventStreams& streams_;
  v1::IngestEventsRequest request_;
  v1::IngestEventsResponse response_;
  absl::Mutex mutex_;
  bool is_idle_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_draining_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
};

EventStreams::EventStreams(Calls& calls, TakeIn take_in)
    : calls_(calls), take_in_(std::move(take_in)) {}
EventStreams::~EventStreams() = default;

EventStreams::Reactor* EventStreams::Open() {
  auto owned = std::make_unique<Stream>(*this);
  Stream* const stream = owned.get();
  absl::MutexLock lock(&mutex_);
  open_.emplace(stream, std::move(owned));
  stream->Read();
  if (draining_) stream->Drain();
  return stream;
}

void EventStreams::Drain() {
  absl::MutexLock lock(&mutex_);
  draining_ = true;
  for (const auto& [stream, owned] : open_) stream->Drain();
}

void EventStreams::Forget(Stream* stream) {
  std::unique_ptr<Stream> gone;  // Destroyed after the lock is released.
  absl::MutexLock lock(&mutex_);
  const auto at = open_.find(stream);
  gone = std::move(at->second);
  open_.erase(at);
}

}  // namespace tenuto
