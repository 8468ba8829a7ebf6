// SHA-256 and HMAC-SHA-256: the one place that uses OpenSSL.
// Thread-safe.
#ifndef TENUTO_FEATURES_BASE_DIGEST_H_
#define TENUTO_FEATURES_BASE_DIGEST_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace tenuto {

using Digest = std::array<std::uint8_t, 32>;

Digest Sha256(absl::string_view bytes);
std::string Sha256Hex(absl::string_view bytes);

// HMAC-SHA-256 (RFC 2104) under one key, whose two blocks are hashed once: a
// short text then costs two blocks and no allocation. Thread-safe: immutable.
class HmacKey {
 public:
  explicit HmacKey(absl::string_view key);
  Digest Of(absl::string_view bytes) const;

 private:
  struct Begun;
  std::shared_ptr<const Begun> begun_;
};

// Bytes from the system's generator, fit for keys.
std::string RandomKey(int size_bytes);

}  // namespace tenuto

#endif  // TENUTO_FEATURES_BASE_DIGEST_H_
