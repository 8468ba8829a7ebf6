#include "server/tls.h"

#include <sys/stat.h>

#include <cstdint>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "features/base/atomic_file.h"
#include "features/base/status_macros.h"

namespace tenuto {
namespace {

constexpr std::int64_t kPemBytesMax = 1 << 20;

absl::StatusOr<std::string> ReadPem(absl::string_view field,
                                    const std::string& file,
                                    absl::string_view what) {
  const absl::StatusOr<std::string> text = ReadFile(file, kPemBytesMax);
  if (!text.ok()) {
    return absl::Status(text.status().code(),
                        absl::StrCat(field, ": ", text.status().message()));
  }
  if (!absl::StrContains(*text, "-----BEGIN ") ||
      !absl::StrContains(*text, what)) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, ": ", file, " holds no ", what, " in PEM form"));
  }
  return *text;
}

absl::Status CheckMode(absl::string_view field, const std::string& file) {
  struct stat facts;
  if (::stat(file.c_str(), &facts) != 0 || (facts.st_mode & 077) == 0) {
    return absl::OkStatus();
  }
  return absl::PermissionDeniedError(absl::StrCat(
      field, ": ", file, " is open to others; run: chmod 600 ", file));
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(
    const v1::Tls& tls) {
  if (tls.certificate_file().empty()) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions::PemKeyCertPair pair;
  TENUTO_RETURN_IF_ERROR(CheckMode("tls.key_file", tls.key_file()));
  TENUTO_ASSIGN_OR_RETURN(
      pair.private_key, ReadPem("tls.key_file", tls.key_file(), "PRIVATE KEY"));
  TENUTO_ASSIGN_OR_RETURN(
      pair.cert_chain,
      ReadPem("tls.certificate_file", tls.certificate_file(), "CERTIFICATE"));
  grpc::SslServerCredentialsOptions options;
  options.pem_key_cert_pairs.push_back(std::move(pair));
  if (!tls.client_ca_file().empty()) {
    TENUTO_ASSIGN_OR_RETURN(
        options.pem_root_certs,
        ReadPem("tls.client_ca_file", tls.client_ca_file(), "CERTIFICATE"));
    options.client_certificate_request =
        GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY;
  }
  return grpc::SslServerCredentials(options);
}

}  // namespace tenuto
