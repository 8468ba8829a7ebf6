// The bytes of a user state, section by section: one decoder for the writer
// (UserState) and the reader (FeaturePlan), so that they cannot disagree.
// The layout is written down in features/README.md.
// Value type; not thread-safe.
#ifndef TENUTO_FEATURES_STATE_CODEC_H_
#define TENUTO_FEATURES_STATE_CODEC_H_

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>

#include "absl/strings/string_view.h"
#include "features/user_state.h"

namespace tenuto {

inline constexpr std::uint8_t kStateFormat = 1;
inline constexpr int kDistinctMax =
    8;  // Distinct signals a reader has room for.

inline bool TestSlot(const SlotMask& mask, int slot) {
  return (mask[static_cast<std::size_t>(slot >> 6)] >> (slot & 63) & 1) != 0;
}

inline std::uint64_t ZigZag(std::int64_t n) {
  return (static_cast<std::uint64_t>(n) << 1) ^
         static_cast<std::uint64_t>(n >> 63);
}
inline std::int64_t UnZigZag(std::uint64_t n) {
  return static_cast<std::int64_t>(n >> 1) ^ -static_cast<std::int64_t>(n & 1);
}

// Sums and differences that wrap around: of measures that the gate let in they
// never do, and damaged bytes must not be undefined behaviour.
inline std::int64_t WrappingAdd(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) +
                                   static_cast<std::uint64_t>(b));
}
inline std::int64_t WrappingSubtract(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) -
                                   static_cast<std::uint64_t>(b));
}

// Appends the primitives of the layout. Gathers them first: a string is slow
// byte by byte. All are in it when the writer is gone.
class StateWriter {
 public:
  explicit StateWriter(std::string& bytes) : bytes_(&bytes) {}
  ~StateWriter() { Flush(); }
  StateWriter(const StateWriter&) = delete;
  StateWriter& operator=(const StateWriter&) = delete;

  void Byte(std::uint8_t byte) {
    if (size_ == kRoom) Flush();
    gathered_[size_++] = static_cast<char>(byte);
  }
  void Varint(std::uint64_t n) {
    if (size_ + kVarintMax > kRoom) Flush();
    for (; n >= 0x80; n >>= 7) {
      gathered_[size_++] = static_cast<char>(n | 0x80);
    }
    gathered_[size_++] = static_cast<char>(n);
  }
  void Signed(std::int64_t n) { Varint(ZigZag(n)); }
  void Text(absl::string_view text) {
    Varint(text.size());
    Flush();
    bytes_->append(text.data(), text.size());
  }
  void Mask(const SlotMask& mask, int slots) {
    for (int at = 0; at < slots; at += 8) {
      Byte(static_cast<std::uint8_t>(mask[static_cast<std::size_t>(at >> 6)] >>
                                     (at & 63)));
    }
  }
  // XXH3 needs all 64 bits; a varint would only grow it.
  void Fixed64(std::uint64_t n) {
    if (size_ + sizeof n > kRoom) Flush();
    std::memcpy(gathered_.data() + size_, &n, sizeof n);
    size_ += sizeof n;
  }

 private:
  static constexpr std::size_t kRoom = 512;
  static constexpr std::size_t kVarintMax = 10;

  void Flush() {
    bytes_->append(gathered_.data(), size_);
    size_ = 0;
  }

  std::string* bytes_;
  std::array<char, kRoom> gathered_;  // The first size_ are.
  std::size_t size_ = 0;
};

// Calls `visit(slot)` for every set bit, rising.
template <typename Visit>
[[gnu::always_inline]] inline void ForEachSlot(const SlotMask& mask,
                                               Visit visit) {
  for (std::size_t word = 0; word < mask.size(); ++word) {
    for (std::uint64_t bits = mask[word]; bits != 0; bits &= bits - 1) {
      visit(static_cast<int>(word * 64) + std::countr_zero(bits));
    }
  }
}

}  // namespace tenuto

#endif  // TENUTO_FEATURES_STATE_CODEC_H_
