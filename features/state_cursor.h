// Reads the primitives of a user state's bytes, whatever the bytes are.
// Value type; not thread-safe.
#ifndef TENUTO_FEATURES_STATE_CURSOR_H_
#define TENUTO_FEATURES_STATE_CURSOR_H_

#include <cstdint>
#include <cstring>

#include "absl/strings/string_view.h"
#include "features/base/wire.h"
#include "features/state_codec.h"

namespace tenuto {

// What StateWriter wrote. After the first fault every read gives 0 and ok() is
// false.
class StateCursor {
 public:
  explicit StateCursor(absl::string_view bytes)
      : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}
  bool ok() const { return ok_; }
  void Refuse() { Fail(); }
  bool done() const { return at_ == end_; }

  std::uint8_t Byte() {
    if (at_ == end_) return Fail();
    return static_cast<std::uint8_t>(*at_++);
  }
  std::uint64_t Varint() {
    // Most numbers of a state are below 128.
    if (at_ != end_ && static_cast<std::uint8_t>(*at_) < 0x80) {
      return static_cast<std::uint8_t>(*at_++);
    }
    std::uint64_t n = 0;
    return ReadShortVarint(at_, end_, n) || ReadVarint(at_, end_, n) ? n
                                                                     : Fail();
  }
  std::int64_t Signed() { return UnZigZag(Varint()); }
  absl::string_view Text() {
    const std::uint64_t size = Varint();
    if (size > static_cast<std::uint64_t>(end_ - at_)) {
      Fail();
      return {};
    }
    const absl::string_view text(at_, static_cast<std::size_t>(size));
    at_ += size;
    return text;
  }
  SlotMask Mask(int slots) {
    SlotMask mask{};
    const int bytes = (slots + 7) / 8;
    if (end_ - at_ < bytes) {
      Fail();
      return mask;
    }
    if (end_ - at_ >= static_cast<std::ptrdiff_t>(sizeof mask)) {
      // As many bytes as a mask can have, and then those that it has.
      std::memcpy(mask.data(), at_, sizeof mask);
      for (int word = 0; word < kMaskWords; ++word) {
        const int bits = 8 * bytes - 64 * word;
        if (bits >= 64) continue;
        mask[static_cast<std::size_t>(word)] &=
            bits <= 0 ? 0 : (std::uint64_t{1} << bits) - 1;
      }
    } else {
      std::memcpy(mask.data(), at_, static_cast<std::size_t>(bytes));
    }
    at_ += bytes;
    const int spare = slots & 63;
    if (spare != 0 &&
        mask[static_cast<std::size_t>(slots >> 6)] >> spare != 0) {
      // Nobody may visit a slot that the layout does not have.
      Fail();
      return {};
    }
    return mask;
  }
  std::uint64_t Fixed64() {
    std::uint64_t n = 0;
    return ReadFixed<std::uint64_t>(at_, end_, n) ? n : Fail();
  }
  unsigned Fixed16() {
    std::uint64_t n = 0;
    return ReadFixed<std::uint16_t>(at_, end_, n) ? static_cast<unsigned>(n)
                                                  : Fail();
  }
  // A count of things of which at most `max` can be.
  int Count(int max) {
    const std::uint64_t n = Varint();
    return n <= static_cast<std::uint64_t>(max) ? static_cast<int>(n) : Fail();
  }

 private:
  static constexpr int kMaskWords = kDailyMax / 64;
  std::uint8_t Fail() {
    ok_ = false;
    at_ = end_;
    return 0;
  }
  const char* at_;
  const char* end_;
  bool ok_ = true;
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_STATE_CURSOR_H_
