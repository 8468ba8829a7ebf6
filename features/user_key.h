// Who a user is inside Tenuto: a keyed hash of the account id. The raw id is
// never written to a disk, a log or a metric.
#ifndef TENUTO_FEATURES_USER_KEY_H_
#define TENUTO_FEATURES_USER_KEY_H_

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "features/base/digest.h"

namespace tenuto {

// Value type.
struct UserKey {
  std::array<std::uint8_t, 16> bytes{};

  // The ledger keeps its log in 256 parts by this byte.
  int partition() const { return bytes[0]; }
  absl::string_view view() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  std::string Hex() const;
  static UserKey FromBytes(absl::string_view sixteen_bytes);

  friend bool operator==(const UserKey&, const UserKey&) = default;
  // By bytes, eight at a time.
  friend std::strong_ordering operator<=>(const UserKey& a, const UserKey& b) {
    const std::uint64_t a_word = a.BigEndian(0);
    const std::uint64_t b_word = b.BigEndian(0);
    return a_word != b_word ? a_word <=> b_word
                            : a.BigEndian(8) <=> b.BigEndian(8);
  }
  template <typename H>
  friend H AbslHashValue(H h, const UserKey& key) {
    // Already uniform: one word of it is a hash.
    std::uint64_t word;
    std::memcpy(&word, key.bytes.data() + 1, sizeof word);
    return H::combine(std::move(h), word);
  }

 private:
  std::uint64_t BigEndian(std::size_t at) const {
    std::uint64_t word;
    std::memcpy(&word, bytes.data() + at, sizeof word);
    return __builtin_bswap64(word);
  }
};

// The secret that turns account ids, and whatever else callers name things by,
// into keys. Thread-safe: immutable.
class UserKeys {
 public:
  // Reads the key file (mode 0600, 32 bytes as hex). kPermissionDenied when
  // others may read it.
  static absl::StatusOr<UserKeys> Open(const std::filesystem::path& path);
  // The same, but makes the file with a fresh key when there is none.
  static absl::StatusOr<UserKeys> OpenOrCreate(
      const std::filesystem::path& path);
  static UserKeys FromSecret(absl::string_view secret);

  // HMAC-SHA-256(secret, account id), first 16 bytes.
  UserKey Of(absl::string_view user_id) const;
  // Stands for `text` on a disk: HMAC-SHA-256 under a key that only `purpose`
  // has, so that it is no user key either; 32 hexadecimal digits.
  std::string Pseudonym(absl::string_view purpose,
                        absl::string_view text) const;
  // Tells keys apart without telling the key; a ledger stores it.
  std::string CheckValue() const;

 private:
  explicit UserKeys(absl::string_view secret) : key_(secret) {}
  HmacKey key_;
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_USER_KEY_H_
