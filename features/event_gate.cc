#include "features/event_gate.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "xxhash.h"

namespace tenuto {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr std::size_t kIdBytesMax = 128;
constexpr std::size_t kTextBytesMax = 256;
constexpr std::int64_t kNumberMax = 1'000'000'000'000;
constexpr std::int64_t kMsPerDay = 86'400'000;
constexpr absl::Duration kFutureMax = absl::Minutes(5);
// Before 1990 no streaming service knew a user.
constexpr std::int64_t kOldestSeconds = 631'152'000;
constexpr std::int64_t kNewestSeconds = 253'402'300'799;

bool ValidTimestamp(const google::protobuf::Timestamp& time) {
  return time.seconds() >= -62'135'596'800 &&
         time.seconds() <= kNewestSeconds && time.nanos() >= 0 &&
         time.nanos() <= 999'999'999;
}

absl::Time ToTime(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) +
         absl::Nanoseconds(time.nanos());
}

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

std::optional<Rejection> CheckIds(const v1::Event& event) {
  if (event.user_id().empty()) {
    return Rejection{"EMPTY_USER_ID", "user_id is empty"};
  }
  if (event.event_id().empty()) {
    return Rejection{"EMPTY_EVENT_ID", "event_id is empty"};
  }
  if (event.user_id().size() > kIdBytesMax) {
    return Rejection{"TEXT_TOO_LONG", "user_id has more than 128 bytes"};
  }
  if (event.event_id().size() > kIdBytesMax) {
    return Rejection{"TEXT_TOO_LONG", "event_id has more than 128 bytes"};
  }
  if (event.session_id().size() > kIdBytesMax) {
    return Rejection{"TEXT_TOO_LONG", "session_id has more than 128 bytes"};
  }
  return std::nullopt;
}

// A time is no secret, and says best which clock was wrong.
std::string TimeText(const google::protobuf::Timestamp& time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", ToTime(time),
                          absl::UTCTimeZone());
}

std::optional<Rejection> CheckTimes(const v1::Event& event, absl::Time now) {
  if (!event.has_event_time() || !ValidTimestamp(event.event_time())) {
    return Rejection{"BAD_TIME", "event_time is missing or no valid time"};
  }
  if (event.event_time().seconds() < kOldestSeconds) {
    return Rejection{"BAD_TIME",
                     absl::StrCat("event_time ", TimeText(event.event_time()),
                                  " is before 1990")};
  }
  if (ToTime(event.event_time()) > now + kFutureMax) {
    return Rejection{
        "FUTURE", absl::StrCat("event_time ", TimeText(event.event_time()),
                               " is more than 5 minutes ahead of the clock")};
  }
  if (event.has_registered_time() && !ValidTimestamp(event.registered_time())) {
    return Rejection{"BAD_TIME", "registered_time is no valid time"};
  }
  return std::nullopt;
}

std::optional<Rejection> CheckText(const FieldDescriptor& field,
                                   const std::string& text) {
  if (text.size() > kTextBytesMax) {
    return Rejection{"TEXT_TOO_LONG",
                     absl::StrCat(field.name(), " has ", text.size(),
                                  " bytes, more than ", kTextBytesMax)};
  }
  if (field.name() == "currency" && !text.empty() && !IsCurrency(text)) {
    return Rejection{"BAD_CURRENCY",
                     "currency is no ISO 4217 code (three capitals)"};
  }
  if (field.name() == "time_zone") {
    absl::TimeZone zone;
    if (!LooksLikeZone(text) || !absl::LoadTimeZone(text, &zone)) {
      return Rejection{"UNKNOWN_TIME_ZONE", "time_zone is no IANA name"};
    }
  }
  return std::nullopt;
}

std::optional<Rejection> CheckNumber(const FieldDescriptor& field,
                                     std::int64_t number) {
  const std::int64_t max =
      absl::StartsWith(field.name(), "ms_") ? kMsPerDay : kNumberMax;
  if (number < 0 || number > max) {
    return Rejection{"BAD_NUMBER", absl::StrCat(field.name(), " is ", number,
                                                ", not in 0-", max)};
  }
  return std::nullopt;
}

// Every set field of the payload: bounded texts, plausible numbers, known enum
// values.
std::optional<Rejection> CheckFields(const Message& payload) {
  const Reflection& reflection = *payload.GetReflection();
  const auto& type = *payload.GetDescriptor();
  for (int k = 0; k < type.field_count(); ++k) {
    const FieldDescriptor& field = *type.field(k);
    if (field.is_repeated()) continue;
    std::optional<Rejection> wrong;
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      std::string scratch;
      wrong = CheckText(
          field, reflection.GetStringReference(payload, &field, &scratch));
    } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_INT64) {
      wrong = CheckNumber(field, reflection.GetInt64(payload, &field));
    } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
      const int number = reflection.GetEnumValue(payload, &field);
      if (field.enum_type()->FindValueByNumber(number) == nullptr) {
        wrong = Rejection{"UNKNOWN_VALUE",
                          absl::StrCat(field.name(), " has no value ", number)};
      }
    }
    if (wrong) return wrong;
  }
  const FieldDescriptor* amount = type.FindFieldByName("amount_minor");
  if (amount == nullptr) amount = type.FindFieldByName("price_minor");
  if (amount != nullptr && reflection.GetInt64(payload, amount) != 0 &&
      reflection.GetString(payload, type.FindFieldByName("currency")).empty()) {
    return Rejection{"BAD_CURRENCY",
                     absl::StrCat(amount->name(), " is set without currency")};
  }
  return std::nullopt;
}

std::optional<Rejection> CheckPayload(const v1::Event& event) {
  switch (event.payload_case()) {
    case v1::Event::PAYLOAD_NOT_SET:
      return Rejection{"NO_PAYLOAD", "the event says nothing that happened"};
    case v1::Event::kDecisionMade:
      return Rejection{"NOT_FOR_PRODUCERS",
                       "decision_made is written by the server only"};
    case v1::Event::kConsentChanged:
      if (event.consent_changed().consent_class() ==
              v1::CONSENT_CLASS_UNSPECIFIED ||
          event.consent_changed().consent() == v1::CONSENT_UNSPECIFIED) {
        return Rejection{"UNKNOWN_VALUE",
                         "consent_changed needs consent_class and consent"};
      }
      break;
    default:
      break;
  }
  if (v1::Plan_IsValid(event.plan())) {
    const FieldDescriptor* payload =
        v1::Event::descriptor()->FindFieldByNumber(event.payload_case());
    return CheckFields(event.GetReflection()->GetMessage(event, payload));
  }
  return Rejection{"UNKNOWN_VALUE",
                   absl::StrCat("plan has no value ", event.plan())};
}

bool HoldsUnknownFields(const v1::Event& event) {
  if (event.payload_case() == v1::Event::PAYLOAD_NOT_SET) return true;
  const auto holds = [](const Message& message) {
    return !message.GetReflection()->GetUnknownFields(message).empty();
  };
  const Message& payload = event.GetReflection()->GetMessage(
      event, v1::Event::descriptor()->FindFieldByNumber(event.payload_case()));
  return holds(event) || holds(event.event_time()) ||
         holds(event.registered_time()) || holds(payload);
}

void Fill(v1::Event& event, const UserKey& user, GatedEvent& gated) {
  gated.user = user;
  gated.event_hash =
      XXH3_64bits(event.event_id().data(), event.event_id().size());
  event.clear_event_id();
  event.clear_user_id();
  // What we do not know, nobody checked. Looking first halves the gate's time.
  if (HoldsUnknownFields(event)) event.DiscardUnknownFields();
  event.SerializeToString(&gated.event);
}

}  // namespace

std::optional<Rejection> EventGate::Admit(v1::Event& event, absl::Time now,
                                          GatedEvent& gated) const {
  if (event.user_id().empty()) {
    return Rejection{"EMPTY_USER_ID", "user_id is empty"};
  }
  return Admit(event, keys_->Of(event.user_id()), now, gated);
}

std::optional<Rejection> EventGate::Admit(v1::Event& event, const UserKey& user,
                                          absl::Time now,
                                          GatedEvent& gated) const {
  if (auto wrong = CheckIds(event)) return wrong;
  if (auto wrong = CheckTimes(event, now)) return wrong;
  if (auto wrong = CheckPayload(event)) return wrong;
  Fill(event, user, gated);
  return std::nullopt;
}

GatedEvent EventGate::AdmitOwn(v1::Event& event, const UserKey& user) const {
  GatedEvent gated;
  Fill(event, user, gated);
  return gated;
}

}  // namespace tenuto
