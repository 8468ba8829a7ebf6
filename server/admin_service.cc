#include "server/admin_service.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "features/base/log.h"
#include "features/base/status_macros.h"
#include "features/erasure_list.h"
#include "features/ledger_checkpoint.h"
#include "google/protobuf/util/time_util.h"
#include "server/request_checks.h"
#include "server/request_once.h"
#include "server/rpc_status.h"
#include "server/unary_calls.h"
#include "server/user_scorer.h"

namespace tenuto {
namespace {

// Manifests of all that serve, those of scoring first.
template <typename Visit>
void ForEachModel(const AdminService::Options& options, const Visit& visit) {
  for (const auto& bundle : options.registry.All()) visit(bundle->manifest());
  for (const auto& model : options.recovery_registry.All()) {
    visit(model->manifest());
  }
}

void SetModel(const v1::Manifest& manifest, v1::ServedModel& model) {
  model.set_name(manifest.model());
  model.set_version(manifest.version());
}

template <typename Response>
void AddModels(const AdminService::Options& options, Response& response) {
  ForEachModel(options, [&](const v1::Manifest& manifest) {
    SetModel(manifest, *response.add_models());
  });
}

constexpr std::size_t kNameBytesMax = 64;
constexpr char kErasureRequests[] = "tenuto erasure";

// It becomes the name of a directory.
absl::Status CheckName(absl::string_view name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' ||
           c == '_';
  });
  if (plain && !name.empty() && name.size() <= kNameBytesMax) {
    return absl::OkStatus();
  }
  return FieldError(
      "name", "BAD_NAME",
      absl::StrCat("needs 1 to ", kNameBytesMax, " letters, digits, - or _"));
}

}  // namespace

std::vector<absl::Status> RefreshModels(ModelRegistry& scoring,
                                        RecoveryRegistry& recovery) {
  std::vector<absl::Status> refusals = scoring.Refresh();
  for (const absl::Status& refusal : recovery.Refresh()) {
    if (std::find(refusals.begin(), refusals.end(), refusal) ==
        refusals.end()) {
      refusals.push_back(refusal);
    }
  }
  return refusals;
}

absl::Status AdminService::Report(v1::GetServerStatusResponse& response) const {
  response.set_version(std::string(options_.version));
  response.set_last_position(options_.ledger.Facts().last_position);
  AddModels(options_, response);
  const RecordLog::Counts counts = options_.records.counts();
  response.set_score_records_written(
      static_cast<std::uint64_t>(counts.written));
  response.set_score_records_lost(static_cast<std::uint64_t>(counts.lost));
  return absl::OkStatus();
}

absl::Status AdminService::Reload(v1::ReloadModelsResponse& response) const {
  for (const absl::Status& refusal :
       RefreshModels(options_.registry, options_.recovery_registry)) {
    LogWarning(refusal.message());
    options_.metrics.CountRefusedBundle();
    response.add_refusals(std::string(refusal.message()));
  }
  AddModels(options_, response);
  return absl::OkStatus();
}

absl::Status AdminService::Describe(const v1::DescribeModelRequest& request,
                                    v1::DescribeModelResponse& response) const {
  const auto recovery = options_.recovery_registry.Current(request.model());
  std::shared_ptr<const ModelBundle> bundle;
  if (!recovery.ok()) {
    TENUTO_ASSIGN_OR_RETURN(
        bundle,
        FindBundle(options_.registry, request.model(), options_.default_model));
  }
  const v1::Manifest& manifest =
      recovery.ok() ? (*recovery)->manifest() : bundle->manifest();
  response.set_model(manifest.model());
  response.set_version(manifest.version());
  response.set_label(manifest.label());
  for (const v1::Column& column : manifest.columns()) {
    response.add_columns(column.name());
  }
  return absl::OkStatus();
}

absl::Status AdminService::Erase(const v1::EraseUserRequest& request,
                                 v1::EraseUserResponse& response) const {
  TENUTO_RETURN_IF_ERROR(CheckId("request_id", request.request_id()));
  TENUTO_RETURN_IF_ERROR(CheckId("user_id", request.user_id()));
  const UserKey user = options_.keys.Of(request.user_id());
  TENUTO_ASSIGN_OR_RETURN(const Erasure erasure,
                          RequestOnce(options_.keys, kErasureRequests, user,
                                      request.request_id(), request)
                              .Erase(options_.ledger, options_.clock.Now()));
  TENUTO_ASSIGN_OR_RETURN(ErasureList erased,
                          ErasureList::Load(options_.data_dir));
  erased.Add(ErasedName(options_.keys, user),
             {user.partition(), erasure.time_us, erasure.through});
  TENUTO_RETURN_IF_ERROR(options_.records.Erase(erased, options_.keys));
  if (!erasure.replayed) options_.metrics.CountErasure();

  response.set_request_id(request.request_id());
  *response.mutable_erased_time() =
      google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(
          erasure.time_us);
  response.set_events(erasure.events);
  response.set_bytes(erasure.bytes);
  response.set_through_position(erasure.through);
  response.set_replayed(erasure.replayed);
  ForEachModel(options_, [&](const v1::Manifest& manifest) {
    if (manifest.created_time_s() > erasure.time_us / 1'000'000) return;
    SetModel(manifest, *response.add_models_trained_before());
  });
  LogInfo(absl::StrCat("erased a user: ", erasure.events, " events, ",
                       erasure.bytes, " bytes"));
  return absl::OkStatus();
}

absl::Status AdminService::Checkpoint(
    const v1::CreateCheckpointRequest& request,
    v1::CreateCheckpointResponse& response) const {
  TENUTO_RETURN_IF_ERROR(CheckName(request.name()));
  const std::filesystem::path directory =
      options_.data_dir / kCheckpointsFolder / request.name();
  const absl::StatusOr<Position> last = options_.ledger.Checkpoint(directory);
  if (absl::IsAlreadyExists(last.status())) {
    return WithReason(last.status(), "CHECKPOINT_EXISTS");
  }
  TENUTO_RETURN_IF_ERROR(last.status());
  response.set_directory(std::filesystem::absolute(directory).string());
  response.set_last_position(*last);
  LogInfo(absl::StrCat("made the checkpoint ", request.name()));
  return absl::OkStatus();
}

void AdminService::Await(CallQueue& queue) {
  using Methods = v1::Admin::AsyncService;
  Calls& calls = options_.calls;
  AwaitCalls(queue, methods_, &Methods::RequestGetServerStatus,
             [this, &calls](auto& call) {
               calls.Answer(call, RpcMethod::kGetServerStatus,
                            [&] { return Report(call.response()); });
             });
  AwaitCalls(queue, methods_, &Methods::RequestDescribeModel,
             [this, &calls](auto& call) {
               calls.Answer(call, RpcMethod::kDescribeModel, [&] {
                 return Describe(call.request(), call.response());
               });
             });
  AwaitCalls(
      queue, methods_, &Methods::RequestReloadModels,
      [this, &calls](auto& call) {
        calls.AnswerFromPool(call, RpcMethod::kReloadModels,
                             [this, &call] { return Reload(call.response()); });
      },
      Cancels::kHeard);
  AwaitCalls(
      queue, methods_, &Methods::RequestEraseUser,
      [this, &calls](auto& call) {
        calls.AnswerFromPool(call, RpcMethod::kEraseUser, [this, &call] {
          return Erase(call.request(), call.response());
        });
      },
      Cancels::kHeard);
  AwaitCalls(
      queue, methods_, &Methods::RequestCreateCheckpoint,
      [this, &calls](auto& call) {
        calls.AnswerFromPool(call, RpcMethod::kCreateCheckpoint, [this, &call] {
          return Checkpoint(call.request(), call.response());
        });
      },
      Cancels::kHeard);
}

}  // namespace tenuto
