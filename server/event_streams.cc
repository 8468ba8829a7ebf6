#include "server/event_streams.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "google/protobuf/arena.h"
#include "server/rpc_status.h"
#include "server/stream_calls.h"

namespace tenuto {
namespace {

// Few large blocks: a batch fills several.
google::protobuf::ArenaOptions LargeBlocks() {
  google::protobuf::ArenaOptions options;
  options.start_block_size = 64 << 10;
  options.max_block_size = 64 << 10;
  return options;
}

}  // namespace

// Batches of a stream overlap: while one waits for the disk the next is read
// and checked. Answers go out in the order sent. gRPC and the workers call in
// from any thread; `mutex_` says what goes on, and gRPC is called without it.
// Goes when gRPC is done with it.
class EventStreams::Stream final : public Call,
                                   public std::enable_shared_from_this<Stream> {
 public:
  explicit Stream(EventStreams& streams) : streams_(streams) {}

  void OnArrived() override { streams_.open_.Open(shared_from_this()); }

  void Start() { Advance(); }

  void Drain() {
    {
      absl::MutexLock lock(&mutex_);
      is_draining_ = true;
    }
    Advance();
  }

  void OnReadDone(bool ok) override {
    {
      absl::MutexLock lock(&mutex_);
      is_reading_ = false;
      if (is_ended_) return;
      if (ok) {
        batches_.push_back(std::move(next_));
      } else {
        no_more_ = true;
      }
    }
    Advance();
  }

  void OnWriteDone(bool ok) override {
    {
      absl::MutexLock lock(&mutex_);
      is_writing_ = false;
      batches_.pop_front();
      if (!ok) is_gone_ = true;
    }
    Advance();
  }

  void OnDone() override { streams_.open_.Forget(this); }

 private:
  // Read, with a worker, answered, or being written.
  struct Batch {
    // A thousand events are thousands of messages, freed at once.
    google::protobuf::Arena arena{LargeBlocks()};
    v1::IngestEventsRequest& request =
        *google::protobuf::Arena::CreateMessage<v1::IngestEventsRequest>(
            &arena);
    v1::IngestEventsResponse& response =
        *google::protobuf::Arena::CreateMessage<v1::IngestEventsResponse>(
            &arena);
    bool with_worker = false;
    std::optional<grpc::Status> answer;
  };

  void TakeIn(Batch& batch) {
    streams_.take_in_(
        batch.request, batch.response,
        [self = shared_from_this(), &batch,
         start = streams_.calls_.Now()](const absl::Status& status) {
          self->Answer(batch, self->streams_.calls_.Close(
                                  RpcMethod::kStreamEvents, start, status));
        });
  }

  void Answer(Batch& batch, const grpc::Status& answer) {
    {
      absl::MutexLock lock(&mutex_);
      batch.with_worker = false;
      batch.answer = answer;
    }
    Advance();
  }

  // Where no worker is free a batch waits for the stream's own one before it;
  // a stream that has none is told that the server is busy.
  void GiveToWorkers() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (const auto& batch : batches_) {
      // What follows a failure would be taken in and never answered.
      if (is_gone_ || (batch->answer && !batch->answer->ok())) return;
      if (batch->with_worker || batch->answer) continue;
      batch->with_worker = true;
      if (streams_.calls_.TryRun([self = this->shared_from_this(),
                                  b = batch.get()] { self->TakeIn(*b); })) {
        continue;
      }
      batch->with_worker = false;
      if (!IsWithWorkers()) batch->answer = ToGrpcStatus(BusyError());
      return;
    }
  }
  bool IsWithWorkers() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return std::any_of(batches_.begin(), batches_.end(),
                       [](const auto& batch) { return batch->with_worker; });
  }

  // Does whatever can be done next, until nothing can.
  void Advance() {
    while (AdvanceOnce()) {
    }
  }

  // Ends, or writes the oldest answer and reads ahead. False when all waits.
  bool AdvanceOnce() {
    v1::IngestEventsRequest* to_read = nullptr;
    const v1::IngestEventsResponse* to_write = nullptr;
    std::optional<grpc::Status> to_end;
    {
      absl::MutexLock lock(&mutex_);
      if (is_ended_) return false;
      GiveToWorkers();
      to_end = HowItEnds();
      if (to_end) {
        is_ended_ = true;
      } else {
        to_write = AnswerToWrite();
        to_read = RequestToRead();
        if (to_write == nullptr && to_read == nullptr) return false;
        ++starting_;
      }
    }
    if (to_end) {
      Finish(*to_end);
      return false;
    }
    if (to_write != nullptr) StartWrite(to_write);
    if (to_read != nullptr) StartRead(to_read);
    absl::MutexLock lock(&mutex_);
    --starting_;
    return true;
  }

  // Never while a worker or gRPC still has one of the batches, or a thread is
  // about to call gRPC.
  std::optional<grpc::Status> HowItEnds() const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (is_writing_ || starting_ > 0) return std::nullopt;
    const bool idle = batches_.empty();
    if (IsWithWorkers()) return std::nullopt;
    if (is_gone_) {
      return ToGrpcStatus(absl::CancelledError("the producer went away"));
    }
    if (!idle && batches_.front()->answer && !batches_.front()->answer->ok()) {
      return batches_.front()->answer;
    }
    if (!idle) return std::nullopt;
    if (is_draining_) return ToGrpcStatus(DrainingError());
    if (no_more_) return grpc::Status::OK;
    return std::nullopt;
  }
  const v1::IngestEventsResponse* AnswerToWrite()
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (is_writing_ || is_gone_ || batches_.empty()) return nullptr;
    const Batch& oldest = *batches_.front();
    if (!oldest.answer || !oldest.answer->ok()) return nullptr;
    is_writing_ = true;
    return &oldest.response;
  }

  v1::IngestEventsRequest* RequestToRead()
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const bool failed =
        std::any_of(batches_.begin(), batches_.end(), [](const auto& batch) {
          return batch->answer && !batch->answer->ok();
        });
    if (is_reading_ || no_more_ || is_draining_ || is_gone_ || failed ||
        batches_.size() >= kAhead) {
      return nullptr;
    }
    next_ = std::make_unique<Batch>();
    is_reading_ = true;
    return &next_->request;
  }

  // One group commits, one is planned, one gathers.
  static constexpr std::size_t kAhead = 9;

  EventStreams& streams_;
  absl::Mutex mutex_;
  std::deque<std::unique_ptr<Batch>> batches_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<Batch> next_ ABSL_GUARDED_BY(mutex_);
  int starting_ ABSL_GUARDED_BY(mutex_) = 0;  // Threads about to call gRPC.
  bool is_reading_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool no_more_ ABSL_GUARDED_BY(mutex_) = false;  // The producer is done.
  bool is_gone_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_draining_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_ended_ ABSL_GUARDED_BY(mutex_) = false;
};

EventStreams::EventStreams(Calls& calls, TakeIn take_in)
    : calls_(calls), take_in_(std::move(take_in)) {}
EventStreams::~EventStreams() = default;

std::shared_ptr<EventStreams::Call> EventStreams::Make() {
  return std::make_shared<Stream>(*this);
}

void EventStreams::Drain() { open_.Drain(); }

}  // namespace tenuto
