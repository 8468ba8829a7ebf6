// SHA-256 and HMAC-SHA-256: the one place that uses OpenSSL.
// Thread-safe.
#ifndef TENUTO_FEATURES_BASE_DIGEST_H_
#define TENUTO_FEATURES_BASE_DIGEST_H_

#include <array>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace tenuto {

using Digest = std::array<std::uint8_t, 32>;

Digest Sha256(absl::string_view bytes);
std::string Sha256Hex(absl::string_view bytes);
Digest HmacSha256(absl::string_view key, absl::string_view bytes);

// Bytes from the system's generator, fit for keys.
std::string RandomKey(int size_bytes);

}  // namespace tenuto

#endif  // TENUTO_FEATURES_BASE_DIGEST_H_
