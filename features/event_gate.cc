#include "features/event_gate.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "xxhash.h"

namespace tenuto {
namespace {

const PayloadChecks& Payloads() {
  static const PayloadChecks checks;
  return checks;
}

constexpr std::size_t kIdBytesMax = 128;
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

std::optional<Rejection> CheckPayload(const v1::Event& event) {
  switch (event.payload_case()) {
    case v1::Event::PAYLOAD_NOT_SET:
      return Rejection{"NO_PAYLOAD", "the event says nothing that happened"};
    case v1::Event::kDecisionMade:
      return Rejection{"NOT_FOR_PRODUCERS",
                       "decision_made is written by the server only"};
    case v1::Event::kGracePlanned:
      return Rejection{"NOT_FOR_PRODUCERS",
                       "grace_planned is written by the server only"};
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
  if (v1::Plan_IsValid(event.plan())) return Payloads().Check(event);
  return Rejection{"UNKNOWN_VALUE",
                   absl::StrCat("plan has no value ", event.plan())};
}

void Fill(v1::Event& event, const UserKey& user, GatedEvent& gated) {
  gated.user = user;
  gated.event_hash =
      XXH3_64bits(event.event_id().data(), event.event_id().size());
  event.clear_event_id();
  event.clear_user_id();
  // What we do not know, nobody checked. Looking first halves the gate's time.
  if (Payloads().HoldsUnknownFields(event)) event.DiscardUnknownFields();
  gated.event.resize(event.ByteSizeLong());
  event.SerializeWithCachedSizesToArray(
      reinterpret_cast<std::uint8_t*>(gated.event.data()));
}

}  // namespace

EventGate::EventGate(const UserKeys& keys) : keys_(&keys) { Payloads(); }

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
