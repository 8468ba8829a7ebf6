#include "features/event_view.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "features/base/status_macros.h"
#include "features/base/wire.h"
#include "google/protobuf/descriptor.h"
#include "tenuto/v1/event.pb.h"

namespace tenuto {
namespace {

using google::protobuf::FieldDescriptor;

constexpr int kFirstPayload = 20;
constexpr int kLastPayload = 127;
constexpr int kPayloadFieldsMax = 31;
constexpr std::uint64_t kPayloadSlots = 0xffff'ffff;
constexpr std::int64_t kSecondUs = 1'000'000;

// False unless the bytes are a google.protobuf.Timestamp of our range.
bool ParseTime(absl::string_view bytes, std::int64_t& time_us) {
  std::int64_t seconds = 0;
  std::int64_t nanos = 0;
  const bool whole = VisitWire(bytes, [&](const WireField& field) {
    if (field.number == 1) seconds = static_cast<std::int64_t>(field.bits);
    if (field.number == 2) nanos = static_cast<std::int64_t>(field.bits);
    return true;
  });
  // Years 1 to 9999, as protobuf's own definition.
  if (!whole || seconds < -62'135'596'800 || seconds > 253'402'300'799 ||
      nanos < 0 || nanos > 999'999'999) {
    return false;
  }
  time_us = seconds * kSecondUs + nanos / 1000;
  return true;
}

std::int64_t FloorDivide(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

}  // namespace

void EventView::Set(FieldSlot slot, std::int64_t number) {
  numbers_[static_cast<std::size_t>(slot)] = number;
  texts_[static_cast<std::size_t>(slot)] = {};
  present_ |= std::uint64_t{1} << slot;
}

void EventView::Set(FieldSlot slot, absl::string_view text) {
  texts_[static_cast<std::size_t>(slot)] = text;
  numbers_[static_cast<std::size_t>(slot)] = 0;
  present_ |= std::uint64_t{1} << slot;
}

bool EventView::ParsePayload(int payload, absl::string_view bytes) {
  // Of several payloads the last one counts, as in protobuf.
  if (payload_ != payload) present_ &= ~kPayloadSlots;
  payload_ = payload;
  return VisitWire(bytes, [this](const WireField& field) {
    if (field.number > kPayloadFieldsMax) return true;
    if (field.is_bytes) {
      Set(field.number, field.bytes);
    } else if (!field.is_fixed) {
      Set(field.number, static_cast<std::int64_t>(field.bits));
    }
    return true;
  });
}

bool EventView::Parse(absl::string_view event) {
  present_ = 0;
  payload_ = 0;
  sequence_ = 0;
  bool timed = false;
  const bool whole = VisitWire(event, [&](const WireField& field) {
    switch (field.number) {
      case v1::Event::kEventTimeFieldNumber:
        timed = ParseTime(field.bytes, time_us_);
        return timed;
      case v1::Event::kSequenceFieldNumber:
        sequence_ = static_cast<std::uint32_t>(field.bits);
        return true;
      case v1::Event::kPlanFieldNumber:
        Set(kEnvelopePlan, static_cast<std::int64_t>(field.bits));
        return true;
      case v1::Event::kRegisteredTimeFieldNumber: {
        std::int64_t registered_us = 0;
        if (!ParseTime(field.bytes, registered_us)) return false;
        Set(kEnvelopeRegistered, FloorDivide(registered_us, kSecondUs));
        return true;
      }
      case v1::Event::kSessionIdFieldNumber:
        Set(kEnvelopeSession, field.bytes);
        return true;
      default:
        if (field.number < kFirstPayload || field.number > kLastPayload) {
          return true;
        }
        return field.is_bytes && ParsePayload(field.number, field.bytes);
    }
  });
  if (!whole || !timed || payload_ == 0) return false;
  const std::int64_t seconds = FloorDivide(time_us_, kSecondUs);
  Set(kEnvelopeTime, seconds);
  Set(kEnvelopeHour, FloorDivide(seconds, 3600) -
                         24 * FloorDivide(FloorDivide(seconds, 3600), 24));
  return true;
}

int PayloadOf(absl::string_view event) {
  int payload = 0;
  VisitWire(event, [&](const WireField& field) {
    if (field.number >= kFirstPayload && field.number <= kLastPayload) {
      payload = field.number;
    }
    return true;
  });
  return payload;
}

namespace {

absl::StatusOr<const FieldDescriptor*> FindPayloadField(
    absl::string_view event) {
  const FieldDescriptor* field =
      v1::Event::descriptor()->FindFieldByName(std::string(event));
  if (field == nullptr || field->number() < kFirstPayload) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", event, "\" is no payload of tenuto.v1.Event (event.proto)"));
  }
  return field;
}

// The field of `payload`; null for a name of the envelope.
absl::StatusOr<const FieldDescriptor*> FindInPayload(absl::string_view event,
                                                     absl::string_view field) {
  TENUTO_ASSIGN_OR_RETURN(const FieldDescriptor* payload,
                          FindPayloadField(event));
  const FieldDescriptor* found =
      payload->message_type()->FindFieldByName(std::string(field));
  if (found == nullptr || found->number() > kPayloadFieldsMax ||
      found->is_repeated()) {
    return absl::InvalidArgumentError(absl::StrCat("payload \"", event,
                                                   "\" has no plain field \"",
                                                   field, "\" (event.proto)"));
  }
  return found;
}

}  // namespace

absl::StatusOr<int> FindPayload(absl::string_view event) {
  TENUTO_ASSIGN_OR_RETURN(const FieldDescriptor* payload,
                          FindPayloadField(event));
  return payload->number();
}

absl::StatusOr<FieldRef> FindField(absl::string_view event,
                                   absl::string_view field) {
  if (field == "event.plan") return FieldRef{kEnvelopePlan, false};
  if (field == "event.registered_time") {
    return FieldRef{kEnvelopeRegistered, false};
  }
  if (field == "event.session_id") return FieldRef{kEnvelopeSession, true};
  if (field == "event.time") return FieldRef{kEnvelopeTime, false};
  if (field == "event.hour") return FieldRef{kEnvelopeHour, false};
  TENUTO_ASSIGN_OR_RETURN(const FieldDescriptor* found,
                          FindInPayload(event, field));
  switch (found->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return FieldRef{found->number(), true};
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64:
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64:
    case FieldDescriptor::CPPTYPE_BOOL:
    case FieldDescriptor::CPPTYPE_ENUM:
      return FieldRef{found->number(), false};
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("field \"", event, ".", field,
                       "\" is neither a whole number nor a text"));
  }
}

absl::StatusOr<std::int64_t> FindNumber(absl::string_view event,
                                        absl::string_view field,
                                        absl::string_view text) {
  const google::protobuf::EnumDescriptor* names = nullptr;
  if (field == "event.plan") {
    names = v1::Plan_descriptor();
  } else if (!absl::StartsWith(field, "event.")) {
    TENUTO_ASSIGN_OR_RETURN(const FieldDescriptor* found,
                            FindInPayload(event, field));
    names = found->enum_type();
  }
  if (names != nullptr) {
    const auto* value = names->FindValueByName(std::string(text));
    if (value != nullptr) return value->number();
  }
  if (text == "true") return 1;
  if (text == "false") return 0;
  std::int64_t number = 0;
  if (absl::SimpleAtoi(text, &number)) return number;
  return absl::InvalidArgumentError(absl::StrCat(
      "\"", text, "\" is no value of field \"", field, "\"",
      names == nullptr ? std::string()
                       : absl::StrCat(", a ", names->full_name())));
}

}  // namespace tenuto
