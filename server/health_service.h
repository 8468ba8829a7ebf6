// gRPC's health service: who balances load asks it whether to send calls here.
// Our own, because gRPC's brings threads along that take turns with ours.
#ifndef TENUTO_SERVER_HEALTH_SERVICE_H_
#define TENUTO_SERVER_HEALTH_SERVICE_H_

#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "server/rpc_service.h"

namespace tenuto {

// Thread-safe.
class HealthService final : public RpcService {
 public:
  using Status = grpc::health::v1::HealthCheckResponse::ServingStatus;

  // Of `service`, "" for the server as a whole. Watchers hear of a change.
  void Set(absl::string_view service, bool is_serving);
  // Ends the watchers, once they know what was set last.
  void Drain();

  grpc::Service& methods() override { return methods_; }
  void Await(CallQueue& queue) override;

 private:
  class Watch;
  class Watches;

  // SERVICE_UNKNOWN where nobody has set it.
  Status StatusOf(const std::string& service) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  grpc::health::v1::Health::AsyncService methods_;
  absl::Mutex mutex_;
  absl::flat_hash_map<std::string, Status> statuses_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_set<Watch*> watches_ ABSL_GUARDED_BY(mutex_);
  bool is_draining_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace tenuto

#endif  // TENUTO_SERVER_HEALTH_SERVICE_H_
