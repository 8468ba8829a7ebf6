// Visits the fields of a protobuf message straight from its bytes, on
// protobuf's own decoder, where building the message would cost too much.
// Thread-safe.
#ifndef TENUTO_FEATURES_BASE_WIRE_H_
#define TENUTO_FEATURES_BASE_WIRE_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "google/protobuf/io/coded_stream.h"

namespace tenuto {

// One field: a number (wire types 0, 1 and 5, as unsigned bits) or bytes.
struct WireField {
  int number = 0;
  bool is_bytes = false;
  bool is_fixed = false;  // Wire type 1 or 5.
  std::uint64_t bits = 0;
  absl::string_view bytes;
};

// Calls `visit(const WireField&)`, which returns false to refuse. False when it
// did, or when `message` is cut off or uses groups.
template <typename Visit>
bool VisitWire(absl::string_view message, Visit visit) {
  google::protobuf::io::CodedInputStream in(
      reinterpret_cast<const std::uint8_t*>(message.data()),
      static_cast<int>(message.size()));
  const int size = static_cast<int>(message.size());
  while (in.CurrentPosition() < size) {
    const std::uint32_t tag = in.ReadTagNoLastTag();
    WireField field;
    field.number = static_cast<int>(tag >> 3);
    if (field.number == 0) return false;
    switch (tag & 7) {
      case 0:
        if (!in.ReadVarint64(&field.bits)) return false;
        break;
      case 1:
        field.is_fixed = true;
        if (!in.ReadLittleEndian64(&field.bits)) return false;
        break;
      case 2: {
        std::uint32_t length = 0;
        if (!in.ReadVarint32(&length)) return false;
        const int at = in.CurrentPosition();
        if (length > static_cast<std::uint32_t>(size - at)) return false;
        field.is_bytes = true;
        field.bytes = message.substr(static_cast<std::size_t>(at), length);
        in.Skip(static_cast<int>(length));
        break;
      }
      case 5: {
        std::uint32_t bits = 0;
        field.is_fixed = true;
        if (!in.ReadLittleEndian32(&bits)) return false;
        field.bits = bits;
        break;
      }
      default:
        return false;
    }
    if (!visit(field)) return false;
  }
  return true;
}

}  // namespace tenuto

#endif  // TENUTO_FEATURES_BASE_WIRE_H_
