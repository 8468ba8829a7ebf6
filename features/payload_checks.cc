#include "features/payload_checks.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "features/base/log.h"
#include "google/protobuf/descriptor.h"

namespace tenuto {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr std::size_t kTextBytesMax = 256;
constexpr std::int64_t kNumberMax = 1'000'000'000'000;
constexpr std::int64_t kMsPerDay = 86'400'000;

bool IsCurrency(absl::string_view text) {
  if (text.size() != 3) return false;
  for (const char c : text) {
    if (c < 'A' || c > 'Z') return false;
  }
  return true;
}

// The loader would also take a path, a fixed offset or "localtime", and it
// remembers every name it was ever asked for.
bool LooksLikeZone(absl::string_view name) {
  constexpr std::size_t kZoneBytesMax = 48;
  if (name.empty() || name.size() > kZoneBytesMax) return false;
  if (!absl::ascii_isupper(static_cast<unsigned char>(name[0]))) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           absl::StrContains("/_+-", absl::string_view(&c, 1));
  });
}

// Which of the numbers 0 to 62 are values of an enum, a bit each: a look at the
// descriptor takes longer than all other checks.
constexpr int kLowValues = 63;
std::int64_t LowValues(const FieldDescriptor& field) {
  std::int64_t low = 0;
  for (int n = 0; n < kLowValues; ++n) {
    if (field.enum_type()->FindValueByNumber(n) != nullptr) {
      low |= std::int64_t{1} << n;
    }
  }
  return low;
}

// The commonest payload by far, without reflection: whether all of it is right.
// What is wrong about it the others say.
bool IsRight(const v1::Playback& playback) {
  return playback.track_id().size() <= kTextBytesMax &&
         playback.artist_id().size() <= kTextBytesMax &&
         playback.ms_played() >= 0 && playback.ms_played() <= kMsPerDay &&
         v1::ContentType_IsValid(playback.content_type()) &&
         v1::Device_IsValid(playback.device()) &&
         v1::PlaybackContext_IsValid(playback.context());
}

bool IsZone(const std::string& text) {
  absl::TimeZone zone;
  return LooksLikeZone(text) && absl::LoadTimeZone(text, &zone);
}

}  // namespace

PayloadChecks::PayloadChecks()
    : event_(*v1::Event::default_instance().GetReflection()),
      time_(*google::protobuf::Timestamp::default_instance().GetReflection()) {
  const std::vector<std::string> unchecked =
      UncheckedFields(*v1::Event::descriptor());
  TENUTO_CHECK(
      unchecked.empty(),
      absl::StrCat("nothing checks ", absl::StrJoin(unchecked, ", "),
                   ", which producers may send: take another kind of "
                   "field, or teach features/payload_checks this one"));
  const auto& declared = *v1::Event::descriptor()->oneof_decl(0);
  for (int k = 0; k < declared.field_count(); ++k) {
    const FieldDescriptor& field = *declared.field(k);
    const auto number = static_cast<std::size_t>(field.number());
    payloads_.resize(std::max(payloads_.size(), number + 1));
    payloads_[number] = Declared(field);
  }
}

std::vector<std::string> PayloadChecks::UncheckedFields(
    const google::protobuf::Descriptor& event) {
  std::vector<std::string> unchecked;
  const auto& declared = *event.oneof_decl(0);
  for (int k = 0; k < declared.field_count(); ++k) {
    const FieldDescriptor& in_event = *declared.field(k);
    // The gate refuses these from producers.
    if (in_event.number() == v1::Event::kDecisionMadeFieldNumber ||
        in_event.number() == v1::Event::kGracePlannedFieldNumber) {
      continue;
    }
    if (in_event.message_type() == nullptr) {
      unchecked.push_back(in_event.full_name());
      continue;
    }
    const auto& type = *in_event.message_type();
    for (int f = 0; f < type.field_count(); ++f) {
      if (!KindOf(*type.field(f))) {
        unchecked.push_back(type.field(f)->full_name());
      }
    }
  }
  return unchecked;
}

std::optional<PayloadChecks::Kind> PayloadChecks::KindOf(
    const FieldDescriptor& field) {
  if (field.is_repeated()) return std::nullopt;
  switch (field.type()) {
    case FieldDescriptor::TYPE_STRING:
      if (field.name() == "currency") return Kind::kCurrency;
      return field.name() == "time_zone" ? Kind::kTimeZone : Kind::kText;
    case FieldDescriptor::TYPE_INT64:
      return Kind::kNumber;
    case FieldDescriptor::TYPE_ENUM:
      return Kind::kEnum;
    case FieldDescriptor::TYPE_BOOL:
      return Kind::kTruth;  // Either is right.
    default:
      return std::nullopt;
  }
}

PayloadChecks::Payload PayloadChecks::Declared(
    const FieldDescriptor& in_event) {
  const auto& type = *in_event.message_type();
  Payload payload;
  payload.in_event = &in_event;
  payload.reflection = google::protobuf::MessageFactory::generated_factory()
                           ->GetPrototype(&type)
                           ->GetReflection();
  for (int k = 0; k < type.field_count(); ++k) {
    const FieldDescriptor& field = *type.field(k);
    const std::optional<Kind> kind = KindOf(field);
    if (!kind || kind == Kind::kTruth) continue;
    payload.fields.push_back({&field, *kind,
                              *kind == Kind::kEnum ? LowValues(field)
                              : absl::StartsWith(field.name(), "ms_")
                                  ? kMsPerDay
                                  : kNumberMax});
  }
  payload.amount = type.FindFieldByName("amount_minor");
  if (payload.amount == nullptr) {
    payload.amount = type.FindFieldByName("price_minor");
  }
  payload.currency = type.FindFieldByName("currency");
  TENUTO_CHECK(payload.amount == nullptr || payload.currency != nullptr,
               "a payload with an amount has a currency");
  return payload;
}

std::optional<Rejection> PayloadChecks::CheckField(const Payload& payload,
                                                   const Field& field,
                                                   const Message& message) {
  const std::string& name = field.field->name();
  if (field.kind == Kind::kNumber) {
    const std::int64_t n = payload.reflection->GetInt64(message, field.field);
    if (n >= 0 && n <= field.max) return std::nullopt;
    return Rejection{"BAD_NUMBER",
                     absl::StrCat(name, " is ", n, ", not in 0-", field.max)};
  }
  if (field.kind == Kind::kEnum) {
    const int n = payload.reflection->GetEnumValue(message, field.field);
    if ((n >= 0 && n < kLowValues && (field.max >> n & 1) != 0) ||
        field.field->enum_type()->FindValueByNumber(n) != nullptr) {
      return std::nullopt;
    }
    return Rejection{"UNKNOWN_VALUE", absl::StrCat(name, " has no value ", n)};
  }
  std::string scratch;
  const std::string& text =
      payload.reflection->GetStringReference(message, field.field, &scratch);
  if (text.size() > kTextBytesMax) {
    return Rejection{"TEXT_TOO_LONG",
                     absl::StrCat(name, " has ", text.size(),
                                  " bytes, more than ", kTextBytesMax)};
  }
  if (field.kind == Kind::kCurrency && !text.empty() && !IsCurrency(text)) {
    return Rejection{"BAD_CURRENCY",
                     "currency is no ISO 4217 code (three capitals)"};
  }
  if (field.kind == Kind::kTimeZone && !IsZone(text)) {
    return Rejection{"UNKNOWN_TIME_ZONE", "time_zone is no IANA name"};
  }
  return std::nullopt;
}

const Message* PayloadChecks::MessageOf(const v1::Event& event) const {
  if (event.payload_case() == v1::Event::PAYLOAD_NOT_SET) return nullptr;
  const auto number = static_cast<std::size_t>(event.payload_case());
  return &event_.GetMessage(event, payloads_[number].in_event);
}

std::optional<Rejection> PayloadChecks::Check(const v1::Event& event) const {
  if (event.has_playback() && IsRight(event.playback())) return std::nullopt;
  const Message* const message = MessageOf(event);
  if (message == nullptr) return std::nullopt;
  const Payload& payload =
      payloads_[static_cast<std::size_t>(event.payload_case())];
  for (const Field& field : payload.fields) {
    if (auto wrong = CheckField(payload, field, *message)) return wrong;
  }
  if (payload.amount != nullptr &&
      payload.reflection->GetInt64(*message, payload.amount) != 0) {
    std::string scratch;
    if (payload.reflection
            ->GetStringReference(*message, payload.currency, &scratch)
            .empty()) {
      return Rejection{
          "BAD_CURRENCY",
          absl::StrCat(payload.amount->name(), " is set without currency")};
    }
  }
  return std::nullopt;
}

bool PayloadChecks::HoldsUnknownFields(const v1::Event& event) const {
  const Message* const message =
      event.has_playback() ? &event.playback() : MessageOf(event);
  if (message == nullptr) return true;
  const auto& payload =
      payloads_[static_cast<std::size_t>(event.payload_case())];
  return !event_.GetUnknownFields(event).empty() ||
         !time_.GetUnknownFields(event.event_time()).empty() ||
         !time_.GetUnknownFields(event.registered_time()).empty() ||
         !payload.reflection->GetUnknownFields(*message).empty();
}

}  // namespace tenuto
