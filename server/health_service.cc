#include "server/health_service.h"

#include <memory>
#include <optional>

#include "server/unary_calls.h"

namespace tenuto {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

// A watcher: told the status when it comes and when that changes, until it goes
// away or the server does. Its steps come on the queue's thread, Tell() and
// FinishIfOver() from any.
class HealthService::Watch {
 public:
  Watch(HealthService& service, CallQueue& queue, Watches& watches)
      : service_(service), queue_(queue), watches_(watches) {
    queue_.Enter();
    context_.AsyncNotifyWhenDone(&gone_);
    service_.methods_.RequestWatch(&context_, &request_, &writer_,
                                   &queue_.grpc(), &queue_.grpc(), &arrived_);
  }

  // Writes a status that it has not been told.
  void Tell() ABSL_EXCLUSIVE_LOCKS_REQUIRED(service_.mutex_) {
    const Status status = service_.StatusOf(request_.service());
    if (is_writing_ || is_gone_ || is_finishing_ || told_ == status) return;
    is_writing_ = true;
    told_ = status;
    HealthCheckResponse response;
    response.set_status(status);
    writer_.Write(response, &written_);
  }

  // A drain ends it as soon as it knows the latest status.
  void FinishIfOver() ABSL_EXCLUSIVE_LOCKS_REQUIRED(service_.mutex_) {
    const bool is_over = is_gone_ || service_.is_draining_;
    if (!is_over || is_writing_ || is_finishing_) return;
    is_finishing_ = true;
    writer_.Finish(is_gone_ ? grpc::Status::CANCELLED
                            : grpc::Status(grpc::StatusCode::UNAVAILABLE,
                                           "the server is going away"),
                   &finished_);
  }

 private:
  void OnArrived(bool ok);
  void OnWritten(bool) {
    const absl::MutexLock lock(&service_.mutex_);
    is_writing_ = false;
    Tell();
    FinishIfOver();
  }
  // Of these two either may be the last step.
  void OnGone(bool) {
    bool is_last;
    {
      const absl::MutexLock lock(&service_.mutex_);
      is_gone_ = true;
      FinishIfOver();
      is_last = is_finished_;
    }
    if (is_last) End();
  }
  void OnFinished(bool) {
    bool is_last;
    {
      const absl::MutexLock lock(&service_.mutex_);
      service_.watches_.erase(this);
      is_finished_ = true;
      is_last = is_gone_;
    }
    if (is_last) End();
  }
  void End() {
    CallQueue& queue = queue_;
    delete this;
    queue.Leave();
  }

  HealthService& service_;
  CallQueue& queue_;
  Watches& watches_;
  HealthCheckRequest request_;
  grpc::ServerContext context_;
  grpc::ServerAsyncWriter<HealthCheckResponse> writer_{&context_};
  CallStepOf<Watch, &Watch::OnArrived> arrived_{*this};
  CallStepOf<Watch, &Watch::OnWritten> written_{*this};
  CallStepOf<Watch, &Watch::OnGone> gone_{*this};
  CallStepOf<Watch, &Watch::OnFinished> finished_{*this};
  bool is_writing_ ABSL_GUARDED_BY(service_.mutex_) = false;
  bool is_gone_ ABSL_GUARDED_BY(service_.mutex_) = false;
  bool is_finishing_ ABSL_GUARDED_BY(service_.mutex_) = false;
  bool is_finished_ ABSL_GUARDED_BY(service_.mutex_) = false;
  std::optional<Status> told_ ABSL_GUARDED_BY(service_.mutex_);
};

// Waits for one watcher at a time, on one queue.
class HealthService::Watches {
 public:
  Watches(HealthService& service, CallQueue& queue)
      : service_(service), queue_(queue) {
    AwaitOne();
  }
  // gRPC's until it ends.
  void AwaitOne() { new Watch(service_, queue_, *this); }

 private:
  HealthService& service_;
  CallQueue& queue_;
};

void HealthService::Watch::OnArrived(bool ok) {
  if (!ok) return End();  // The server is shut down.
  watches_.AwaitOne();
  const absl::MutexLock lock(&service_.mutex_);
  service_.watches_.insert(this);
  Tell();
}

HealthService::Status HealthService::StatusOf(
    const std::string& service) const {
  const auto at = statuses_.find(service);
  return at == statuses_.end() ? HealthCheckResponse::SERVICE_UNKNOWN
                               : at->second;
}

// The analysis cannot see that a watch's service is this one.
void HealthService::Set(absl::string_view service,
                        bool is_serving) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  const absl::MutexLock lock(&mutex_);
  statuses_[std::string(service)] = is_serving
                                        ? HealthCheckResponse::SERVING
                                        : HealthCheckResponse::NOT_SERVING;
  for (Watch* const watch : watches_) watch->Tell();
}

void HealthService::Drain() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  const absl::MutexLock lock(&mutex_);
  is_draining_ = true;
  for (Watch* const watch : watches_) watch->FinishIfOver();
}

void HealthService::Await(CallQueue& queue) {
  AwaitCalls(queue, methods_,
             &grpc::health::v1::Health::AsyncService::RequestCheck,
             [this](auto& call) {
               Status status;
               {
                 const absl::MutexLock lock(&mutex_);
                 status = StatusOf(call.request().service());
               }
               if (status == HealthCheckResponse::SERVICE_UNKNOWN) {
                 return call.Finish(grpc::Status(
                     grpc::StatusCode::NOT_FOUND,
                     "no such service; ask of \"\" for the server"));
               }
               call.response().set_status(status);
               call.Finish(grpc::Status::OK);
             });
  queue.Keep(std::make_shared<Watches>(*this, queue));
}

}  // namespace tenuto
