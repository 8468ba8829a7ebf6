#include "features/base/digest.h"

// A begun hash that can be copied costs a tenth of a new EVP context, and every
// user id of every call is hashed. OpenSSL calls these functions old.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "features/base/log.h"

namespace tenuto {

// In parts, since SHA256() looks the algorithm up again for each call.
Digest Sha256(absl::string_view bytes) {
  Digest digest;
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, bytes.data(), bytes.size());
  SHA256_Final(digest.data(), &context);
  return digest;
}

std::string Sha256Hex(absl::string_view bytes) {
  const Digest digest = Sha256(bytes);
  return absl::BytesToHexString(absl::string_view(
      reinterpret_cast<const char*>(digest.data()), digest.size()));
}

struct HmacKey::Begun {
  SHA256_CTX inner;
  SHA256_CTX outer;
};

HmacKey::HmacKey(absl::string_view key) {
  std::array<std::uint8_t, SHA256_CBLOCK> block{};
  if (key.size() > block.size()) {
    const Digest short_key = Sha256(key);
    std::copy(short_key.begin(), short_key.end(), block.begin());
  } else {
    std::copy(key.begin(), key.end(), block.begin());
  }
  Begun begun;
  const auto begin = [&block](std::uint8_t pad, SHA256_CTX& context) {
    for (std::uint8_t& byte : block) byte ^= pad;
    SHA256_Init(&context);
    SHA256_Update(&context, block.data(), block.size());
    for (std::uint8_t& byte : block) byte ^= pad;
  };
  begin(0x36, begun.inner);
  begin(0x5c, begun.outer);
  begun_ = std::make_shared<const Begun>(begun);
}

Digest HmacKey::Of(absl::string_view bytes) const {
  SHA256_CTX context = begun_->inner;
  Digest digest;
  SHA256_Update(&context, bytes.data(), bytes.size());
  SHA256_Final(digest.data(), &context);
  context = begun_->outer;
  SHA256_Update(&context, digest.data(), digest.size());
  SHA256_Final(digest.data(), &context);
  return digest;
}

std::string RandomKey(int size_bytes) {
  std::string key(static_cast<std::size_t>(size_bytes), '\0');
  TENUTO_CHECK(
      RAND_bytes(reinterpret_cast<unsigned char*>(key.data()), size_bytes) == 1,
      "the system gives no random bytes");
  return key;
}

}  // namespace tenuto
