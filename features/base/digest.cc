#include "features/base/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "features/base/log.h"

namespace tenuto {
namespace {

const unsigned char* Bytes(absl::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

Digest Sha256(absl::string_view bytes) {
  Digest digest;
  SHA256(Bytes(bytes), bytes.size(), digest.data());
  return digest;
}

std::string Sha256Hex(absl::string_view bytes) {
  const Digest digest = Sha256(bytes);
  return absl::BytesToHexString(absl::string_view(
      reinterpret_cast<const char*>(digest.data()), digest.size()));
}

Digest HmacSha256(absl::string_view key, absl::string_view bytes) {
  Digest digest;
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), Bytes(bytes),
       bytes.size(), digest.data(), &size);
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
