// From absl::Status to what a gRPC client sees: code, text and an ErrorInfo
// (AIP-193) whose reason programs can rely on.
// Thread-safe.
#ifndef TENUTO_SERVER_RPC_STATUS_H_
#define TENUTO_SERVER_RPC_STATUS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "features/base/status_reason.h"
#include "grpcpp/support/status.h"

namespace tenuto {

// kInvalidArgument "FIELD MESSAGE" with the field in ErrorInfo.metadata.
absl::Status FieldError(absl::string_view field, absl::string_view reason,
                        absl::string_view message);

// The reason of `status`, else the name of its code.
std::string ReasonOf(const absl::Status& status);

// google.rpc.Status in the error details. The texts of kInternal, kDataLoss and
// kUnknown stay in the server's log: they speak of its files, not of the call.
grpc::Status ToGrpcStatus(const absl::Status& status);

}  // namespace tenuto

#endif  // TENUTO_SERVER_RPC_STATUS_H_
