#include "tests/parity/naive_fields.h"

#include <cmath>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace tenuto::testing {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

NaiveField Envelope(const v1::Event& event, const std::string& field) {
  if (field == "event.plan")
    return {event.plan() != 0, false, event.plan(), ""};
  if (field == "event.session_id") {
    return {!event.session_id().empty(), true, 0, event.session_id()};
  }
  if (field == "event.registered_time") {
    return {event.has_registered_time(), false,
            event.registered_time().seconds(), ""};
  }
  const std::int64_t seconds = event.event_time().seconds();
  if (field == "event.time") return {true, false, seconds, ""};
  // event.hour
  return {true, false, ((seconds % 86'400) + 86'400) % 86'400 / 3600, ""};
}

const FieldDescriptor* PayloadOf(const v1::Event& event) {
  return event.GetReflection()->GetOneofFieldDescriptor(
      event, v1::Event::descriptor()->oneof_decl(0));
}

// Value of a name, of "true"/"false" or of digits.
std::int64_t NumberOf(const google::protobuf::EnumDescriptor* names,
                      const std::string& text) {
  if (names != nullptr && names->FindValueByName(text) != nullptr) {
    return names->FindValueByName(text)->number();
  }
  if (text == "true") return 1;
  if (text == "false") return 0;
  return std::stoll(text);
}

const google::protobuf::EnumDescriptor* EnumOf(const std::string& payload,
                                               const std::string& field) {
  if (field == "event.plan") return v1::Plan_descriptor();
  if (field.rfind("event.", 0) == 0) return nullptr;
  return v1::Event::descriptor()
      ->FindFieldByName(payload)
      ->message_type()
      ->FindFieldByName(field)
      ->enum_type();
}

bool Holds(const v1::Condition& condition, const v1::Event& event) {
  const NaiveField field = NaiveFieldOf(event, condition.field());
  if (condition.equals().empty()) {
    return condition.min() <= field.number && field.number <= condition.max();
  }
  const auto* names = EnumOf(NaivePayloadName(event), condition.field());
  for (const std::string& text : condition.equals()) {
    if (field.is_text ? text == field.text
                      : NumberOf(names, text) == field.number) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::string NaivePayloadName(const v1::Event& event) {
  return PayloadOf(event)->name();
}

NaiveField NaiveFieldOf(const v1::Event& event, const std::string& field) {
  if (field.rfind("event.", 0) == 0) return Envelope(event, field);
  const Message& payload =
      event.GetReflection()->GetMessage(event, PayloadOf(event));
  const auto& reflection = *payload.GetReflection();
  const FieldDescriptor* found =
      payload.GetDescriptor()->FindFieldByName(field);
  NaiveField value;
  value.present = reflection.HasField(payload, found);
  switch (found->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      value.is_text = true;
      value.text = reflection.GetString(payload, found);
      break;
    case FieldDescriptor::CPPTYPE_INT64:
      value.number = reflection.GetInt64(payload, found);
      break;
    case FieldDescriptor::CPPTYPE_BOOL:
      value.number = reflection.GetBool(payload, found);
      break;
    case FieldDescriptor::CPPTYPE_ENUM:
      value.number = reflection.GetEnumValue(payload, found);
      break;
    default:
      break;
  }
  return value;
}

bool NaiveFeeds(const v1::Signal& signal, const v1::Event& event) {
  bool named = signal.event().empty();
  for (const std::string& name : signal.event()) {
    named = named || name == NaivePayloadName(event);
  }
  if (!named) return false;
  for (const v1::Condition& condition : signal.where()) {
    if (!Holds(condition, event)) return false;
  }
  return signal.measure().empty() ||
         NaiveFieldOf(event, signal.measure()).present;
}

bool NaiveIsOneOf(
    const v1::Signal& signal, std::int64_t value,
    const google::protobuf::RepeatedPtrField<std::string>& equals) {
  const auto* names = EnumOf(
      signal.event().empty() ? "playback" : signal.event(0), signal.measure());
  for (const std::string& text : equals) {
    if (NumberOf(names, text) == value) return true;
  }
  return false;
}

std::vector<std::string> NaiveSignalsOf(const v1::Feature& feature) {
  const auto& reflection = *feature.GetReflection();
  const FieldDescriptor* read = reflection.GetOneofFieldDescriptor(
      feature, v1::Feature::descriptor()->oneof_decl(0));
  const Message& message = reflection.GetMessage(feature, read);
  const auto& type = *message.GetDescriptor();
  std::vector<std::string> signals;
  for (int k = 0; k < type.field_count(); ++k) {
    const FieldDescriptor* field = type.field(k);
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_STRING) continue;
    if (field->name() == "equals") continue;
    const auto& in = *message.GetReflection();
    if (!field->is_repeated()) {
      signals.push_back(in.GetString(message, field));
      continue;
    }
    for (int at = 0; at < in.FieldSize(message, field); ++at) {
      signals.push_back(in.GetRepeatedString(message, field, at));
    }
  }
  return signals;
}

std::int64_t NaiveTimeUs(const v1::Event& event) {
  return event.event_time().seconds() * 1'000'000 +
         event.event_time().nanos() / 1000;
}

int NaiveDay(std::int64_t time_us) {
  return static_cast<int>(
      std::floor(static_cast<double>(time_us) / 86'400'000'000.0));
}

}  // namespace tenuto::testing
