#include "features/user_key.h"

#include <sys/stat.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "features/base/atomic_file.h"
#include "features/base/digest.h"
#include "features/base/log.h"
#include "features/base/status_macros.h"

namespace tenuto {
namespace {

constexpr int kSecretBytes = 32;
constexpr char kCheckText[] = "tenuto user key check";

UserKey Truncate(const Digest& digest) {
  UserKey key;
  std::copy_n(digest.begin(), key.bytes.size(), key.bytes.begin());
  return key;
}

}  // namespace

std::string UserKey::Hex() const { return absl::BytesToHexString(view()); }

UserKey UserKey::FromBytes(absl::string_view sixteen_bytes) {
  UserKey key;
  TENUTO_CHECK(sixteen_bytes.size() == key.bytes.size(),
               "a user key has 16 bytes");
  std::copy(sixteen_bytes.begin(), sixteen_bytes.end(), key.bytes.begin());
  return key;
}

absl::StatusOr<UserKeys> UserKeys::Open(const std::filesystem::path& path) {
  struct stat facts;
  if (::stat(path.c_str(), &facts) == 0 && (facts.st_mode & 077) != 0) {
    return absl::PermissionDeniedError(
        absl::StrCat("key file ", path.string(),
                     " is open to others; run: chmod 600 ", path.string()));
  }
  TENUTO_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, 4096));
  const absl::string_view digits = absl::StripSuffix(text, "\n");
  if (digits.size() != 2 * kSecretBytes ||
      !std::all_of(digits.begin(), digits.end(), [](char c) {
        return absl::ascii_isxdigit(static_cast<unsigned char>(c));
      })) {
    return absl::InvalidArgumentError(absl::StrCat(
        "key file ", path.string(), " does not hold 64 hexadecimal digits"));
  }
  return UserKeys(absl::HexStringToBytes(digits));
}

absl::StatusOr<UserKeys> UserKeys::OpenOrCreate(
    const std::filesystem::path& path) {
  absl::StatusOr<UserKeys> keys = Open(path);
  if (!absl::IsNotFound(keys.status())) return keys;
  const std::string secret = RandomKey(kSecretBytes);
  TENUTO_RETURN_IF_ERROR(WriteFileAtomically(
      path, absl::StrCat(absl::BytesToHexString(secret), "\n"), 0600));
  return UserKeys(secret);
}

UserKeys UserKeys::FromSecret(absl::string_view secret) {
  return UserKeys(secret);
}

UserKey UserKeys::Of(absl::string_view user_id) const {
  return Truncate(key_.Of(user_id));
}

std::string UserKeys::Pseudonym(absl::string_view purpose,
                                absl::string_view text) const {
  const Digest key = key_.Of(purpose);
  const absl::string_view key_bytes(reinterpret_cast<const char*>(key.data()),
                                    key.size());
  return Truncate(HmacKey(key_bytes).Of(text)).Hex();
}

std::string UserKeys::CheckValue() const {
  return std::string(Truncate(key_.Of(kCheckText)).view());
}

}  // namespace tenuto
