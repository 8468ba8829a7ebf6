// Reads the fields of a stored event straight from its protobuf bytes, without
// building the message: the fold sees the very bytes that the log holds, and a
// signal names any field without code. Payloads are flat, which makes it easy.
#ifndef TENUTO_FEATURES_EVENT_VIEW_H_
#define TENUTO_FEATURES_EVENT_VIEW_H_

#include <array>
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tenuto {

// Where a view keeps a field: payload fields by their number (1-31), envelope
// fields above.
using FieldSlot = int;
inline constexpr FieldSlot kNoField = -1;
inline constexpr FieldSlot kEnvelopePlan = 32;
inline constexpr FieldSlot kEnvelopeRegistered = 33;  // Epoch seconds.
inline constexpr FieldSlot kEnvelopeSession = 34;
inline constexpr FieldSlot kEnvelopeTime = 35;  // Epoch seconds.
inline constexpr FieldSlot kEnvelopeHour = 36;  // 0-23, UTC.
inline constexpr int kFieldSlots = 37;

// Value type; not thread-safe. Texts point into the parsed bytes.
class EventView {
 public:
  // False when the bytes are no event (cut off, or no payload).
  bool Parse(absl::string_view event);

  std::int64_t time_us() const { return time_us_; }
  std::uint32_t sequence() const { return sequence_; }
  // Field number of the payload in tenuto.v1.Event.
  int payload() const { return payload_; }

  bool has(FieldSlot slot) const { return (present_ >> slot & 1) != 0; }
  std::uint64_t present() const { return present_; }  // A bit for each slot.
  // Proto3 defaults where absent. A double field is no number here.
  std::int64_t number(FieldSlot slot) const {
    return has(slot) ? numbers_[static_cast<std::size_t>(slot)] : 0;
  }
  absl::string_view text(FieldSlot slot) const {
    return has(slot) ? texts_[static_cast<std::size_t>(slot)]
                     : absl::string_view();
  }

 private:
  bool ParsePayload(int payload, absl::string_view bytes);
  void Set(FieldSlot slot, std::int64_t number);
  void Set(FieldSlot slot, absl::string_view text);

  std::int64_t time_us_ = 0;
  std::uint32_t sequence_ = 0;
  int payload_ = 0;
  std::uint64_t present_ = 0;
  std::array<std::int64_t, kFieldSlots> numbers_;
  std::array<absl::string_view, kFieldSlots> texts_;
};

// The payload() that Parse finds in bytes that it parses; of others anything. A
// fraction of its time, for who wants few events of many.
int PayloadOf(absl::string_view event);

// How a field named in the catalogue ("ms_played", "event.plan") is read from
// the payload `event` (a field name of tenuto.v1.Event).
struct FieldRef {
  FieldSlot slot = kNoField;
  bool is_text = false;
};
absl::StatusOr<FieldRef> FindField(absl::string_view event,
                                   absl::string_view field);

// Number of payload `event` in tenuto.v1.Event; kInvalidArgument if unknown.
absl::StatusOr<int> FindPayload(absl::string_view event);

// The number of an enum value name, "true"/"false" or digits, as the field
// `field` of payload `event` holds it.
absl::StatusOr<std::int64_t> FindNumber(absl::string_view event,
                                        absl::string_view field,
                                        absl::string_view text);

}  // namespace tenuto

#endif  // TENUTO_FEATURES_EVENT_VIEW_H_
