// Transport security of the gRPC port, from the files of the configuration.
// Thread-safe.
#ifndef TENUTO_SERVER_TLS_H_
#define TENUTO_SERVER_TLS_H_

#include <memory>

#include "absl/status/statusor.h"
#include "grpcpp/security/server_credentials.h"
#include "tenuto/v1/config.pb.h"

namespace tenuto {

// Plain text when `tls` names no certificate. Errors name the field, the file
// and what is wrong: not there, no PEM, or a key that others may read.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(
    const v1::Tls& tls);

}  // namespace tenuto

#endif  // TENUTO_SERVER_TLS_H_
