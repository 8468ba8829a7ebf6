// What the payloads of events must be like: bounded texts, plausible numbers,
// known enum values. Worked out once from their declarations in event.proto, so
// that a new field is checked without code and no event pays for looking names
// up.
#ifndef TENUTO_FEATURES_PAYLOAD_CHECKS_H_
#define TENUTO_FEATURES_PAYLOAD_CHECKS_H_

#include <optional>
#include <string>
#include <vector>

#include "google/protobuf/message.h"
#include "tenuto/v1/event.pb.h"

namespace tenuto {

// Why an event was refused. The message names fields and tells times, numbers
// and sizes, never a text, which may be a person's.
struct Rejection {
  const char* reason;  // UPPER_SNAKE, stable.
  std::string message;
};

// Thread-safe: immutable.
class PayloadChecks {
 public:
  // Ends the process when a producer may send a field that it cannot check.
  PayloadChecks();
  // The fields, with their messages, of what producers send in an event that
  // nothing here could check: lists, messages, fractions, short numbers.
  static std::vector<std::string> UncheckedFields(
      const google::protobuf::Descriptor& event);

  // Of every set field of the payload; an event without one passes.
  std::optional<Rejection> Check(const v1::Event& event) const;
  // Fields of a newer event.proto, in the event or anything in it.
  bool HoldsUnknownFields(const v1::Event& event) const;

 private:
  struct Field;
  struct Payload {
    const google::protobuf::FieldDescriptor* in_event = nullptr;
    const google::protobuf::Reflection* reflection = nullptr;
    std::vector<Field> fields;
    // Money and what it is in; null where there is none.
    const google::protobuf::FieldDescriptor* amount = nullptr;
    const google::protobuf::FieldDescriptor* currency = nullptr;
  };
  enum class Kind { kText, kCurrency, kTimeZone, kNumber, kEnum, kTruth };
  struct Field {
    const google::protobuf::FieldDescriptor* field;
    Kind kind;
    std::int64_t max;  // Of a number; of an enum its LowValues().
  };

  // Nothing where no check is known.
  static std::optional<Kind> KindOf(
      const google::protobuf::FieldDescriptor& field);
  static Payload Declared(const google::protobuf::FieldDescriptor& in_event);
  static std::optional<Rejection> CheckField(
      const Payload& payload, const Field& field,
      const google::protobuf::Message& message);
  // Null where there is no payload.
  const google::protobuf::Message* MessageOf(const v1::Event& event) const;

  // Of the messages; asking one for its own costs more than using it.
  const google::protobuf::Reflection& event_;
  const google::protobuf::Reflection& time_;
  std::vector<Payload> payloads_;  // By field number in Event.
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_PAYLOAD_CHECKS_H_
