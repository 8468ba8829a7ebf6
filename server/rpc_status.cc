#include "server/rpc_status.h"

#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "features/base/log.h"
#include "google/rpc/status.pb.h"

namespace tenuto {
namespace {

constexpr char kFieldUrl[] = "tenuto/field";
constexpr char kDomain[] = "tenuto";

bool IsOurFault(absl::StatusCode code) {
  return code == absl::StatusCode::kInternal ||
         code == absl::StatusCode::kDataLoss ||
         code == absl::StatusCode::kUnknown;
}

}  // namespace

absl::Status FieldError(absl::string_view field, absl::string_view reason,
                        absl::string_view message) {
  absl::Status status =
      absl::InvalidArgumentError(absl::StrCat(field, " ", message));
  status.SetPayload(kFieldUrl, absl::Cord(field));
  return WithReason(std::move(status), reason);
}

std::string ReasonOf(const absl::Status& status) {
  const auto reason = status.GetPayload(kReasonUrl);
  return reason ? std::string(*reason)
                : absl::StatusCodeToString(status.code());
}

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  std::string message(status.message());
  if (IsOurFault(status.code())) {
    LogWarning(absl::StrCat("call failed: ", status.ToString()));
    message = "the server failed; its log says why";
  }
  google::rpc::ErrorInfo error_info;
  error_info.set_reason(ReasonOf(status));
  error_info.set_domain(kDomain);
  if (const auto field = status.GetPayload(kFieldUrl)) {
    (*error_info.mutable_metadata())["field"] = std::string(*field);
  }
  google::rpc::Status rich;
  rich.set_code(static_cast<int>(status.code()));
  rich.set_message(message);
  rich.add_details()->PackFrom(error_info);
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), message,
                      rich.SerializeAsString());
}

}  // namespace tenuto
