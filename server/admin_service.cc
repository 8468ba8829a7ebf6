#include "server/admin_service.h"

#include <string>

#include "features/base/log.h"
#include "features/base/status_macros.h"
#include "server/user_scorer.h"

namespace tenuto {
namespace {

template <typename Response>
void AddModels(const ModelRegistry& registry, Response& response) {
  for (const auto& bundle : registry.All()) {
    v1::ServedModel& model = *response.add_models();
    model.set_name(bundle->manifest().model());
    model.set_version(bundle->manifest().version());
  }
}

}  // namespace

absl::Status AdminService::Report(v1::GetServerStatusResponse& response) const {
  response.set_version(std::string(options_.version));
  response.set_last_position(options_.ledger.Facts().last_position);
  AddModels(options_.registry, response);
  const RecordLog::Counts counts = options_.records.counts();
  response.set_score_records_written(
      static_cast<std::uint64_t>(counts.written));
  response.set_score_records_lost(static_cast<std::uint64_t>(counts.lost));
  return absl::OkStatus();
}

absl::Status AdminService::Reload(v1::ReloadModelsResponse& response) const {
  for (const absl::Status& refusal : options_.registry.Refresh()) {
    LogWarning(refusal.message());
    options_.metrics.CountRefusedBundle();
    response.add_refusals(std::string(refusal.message()));
  }
  AddModels(options_.registry, response);
  return absl::OkStatus();
}

absl::Status AdminService::Describe(const v1::DescribeModelRequest& request,
                                    v1::DescribeModelResponse& response) const {
  TENUTO_ASSIGN_OR_RETURN(
      const auto bundle,
      FindBundle(options_.registry, request.model(), options_.default_model));
  const v1::Manifest& manifest = bundle->manifest();
  response.set_model(manifest.model());
  response.set_version(manifest.version());
  response.set_label(manifest.label());
  for (const v1::Column& column : manifest.columns()) {
    response.add_columns(column.name());
  }
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* AdminService::GetServerStatus(
    grpc::CallbackServerContext* context, const v1::GetServerStatusRequest*,
    v1::GetServerStatusResponse* response) {
  return options_.calls.Answer(*context, RpcMethod::kGetServerStatus,
                               [&] { return Report(*response); });
}

grpc::ServerUnaryReactor* AdminService::ReloadModels(
    grpc::CallbackServerContext* context, const v1::ReloadModelsRequest*,
    v1::ReloadModelsResponse* response) {
  return options_.calls.AnswerFromPool(
      *context, RpcMethod::kReloadModels,
      [this, response] { return Reload(*response); });
}

grpc::ServerUnaryReactor* AdminService::DescribeModel(
    grpc::CallbackServerContext* context,
    const v1::DescribeModelRequest* request,
    v1::DescribeModelResponse* response) {
  return options_.calls.Answer(*context, RpcMethod::kDescribeModel,
                               [&] { return Describe(*request, *response); });
}

}  // namespace tenuto
