// For the people who run the server: what serves, look for new models now,
// erase a user, make a checkpoint.
#ifndef TENUTO_SERVER_ADMIN_SERVICE_H_
#define TENUTO_SERVER_ADMIN_SERVICE_H_

#include <filesystem>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "features/base/clock.h"
#include "features/ledger.h"
#include "features/record_log.h"
#include "features/user_key.h"
#include "model/grace/recovery_registry.h"
#include "model/model_registry.h"
#include "server/calls.h"
#include "server/metrics.h"
#include "server/rpc_service.h"
#include "tenuto/v1/admin.grpc.pb.h"

namespace tenuto {

// Looks for new bundles of every kind, as ModelRegistry::Refresh() does; what
// several registries refuse alike is said once.
std::vector<absl::Status> RefreshModels(ModelRegistry& scoring,
                                        RecoveryRegistry& recovery);

// Thread-safe. The references must outlive it.
class AdminService final : public RpcService {
 public:
  struct Options {
    absl::string_view version;
    const Clock& clock;
    const UserKeys& keys;
    std::filesystem::path data_dir;
    Ledger& ledger;
    RecordLog& records;
    ModelRegistry& registry;
    RecoveryRegistry& recovery_registry;
    std::string default_model;  // Of calls that name none.
    Metrics& metrics;
    Calls& calls;
  };
  explicit AdminService(Options options) : options_(std::move(options)) {}

  // Without transport.
  absl::Status Report(v1::GetServerStatusResponse& response) const;
  absl::Status Reload(v1::ReloadModelsResponse& response) const;
  absl::Status Describe(const v1::DescribeModelRequest& request,
                        v1::DescribeModelResponse& response) const;
  absl::Status Erase(const v1::EraseUserRequest& request,
                     v1::EraseUserResponse& response) const;
  absl::Status Checkpoint(const v1::CreateCheckpointRequest& request,
                          v1::CreateCheckpointResponse& response) const;

  grpc::Service& methods() override { return methods_; }
  void Await(CallQueue& queue) override;

 private:
  const Options options_;
  v1::Admin::AsyncService methods_;
};

}  // namespace tenuto

#endif  // TENUTO_SERVER_ADMIN_SERVICE_H_
