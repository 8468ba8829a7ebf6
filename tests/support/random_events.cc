#include "tests/support/random_events.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "features/base/log.h"
#include "features/user_state.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace tenuto::testing {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr std::int64_t kSecondUs = 1'000'000;

void SetTime(std::int64_t us, google::protobuf::Timestamp& time) {
  const std::int64_t seconds = us / kSecondUs - (us % kSecondUs < 0 ? 1 : 0);
  time.set_seconds(seconds);
  time.set_nanos(static_cast<int>(us - seconds * kSecondUs) * 1000);
}

std::int64_t AbsurdNumber(Draws& draws) {
  switch (draws.Between(0, 4)) {
    case 0:
      return std::numeric_limits<std::int64_t>::min();
    case 1:
      return std::numeric_limits<std::int64_t>::max();
    case 2:
      return -1;
    default:
      return static_cast<std::int64_t>(draws.Next());
  }
}

std::string PlausibleText(const std::string& field, Draws& draws) {
  if (field == "currency") return "SEK";
  if (field == "time_zone") {
    return draws.Chance(0.5) ? "Europe/Stockholm" : "Asia/Kolkata";
  }
  return absl::StrCat(field, "-", draws.Between(0, 60));
}

void FillField(const FieldDescriptor& field, bool plausible, Draws& draws,
               Message& payload) {
  const auto& reflection = *payload.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      reflection.SetString(
          &payload, &field,
          plausible
              ? PlausibleText(field.name(), draws)
              : std::string(static_cast<std::size_t>(draws.Between(0, 300)),
                            static_cast<char>(draws.Between(32, 126))));
      break;
    case FieldDescriptor::CPPTYPE_INT64:
      reflection.SetInt64(
          &payload, &field,
          plausible ? draws.Between(0, draws.Chance(0.5) ? 10 : 86'400'000)
                    : AbsurdNumber(draws));
      break;
    case FieldDescriptor::CPPTYPE_BOOL:
      reflection.SetBool(&payload, &field, draws.Chance(0.5));
      break;
    case FieldDescriptor::CPPTYPE_DOUBLE:
      reflection.SetDouble(&payload, &field, 0.5);
      break;
    case FieldDescriptor::CPPTYPE_ENUM:
      reflection.SetEnumValue(
          &payload, &field,
          static_cast<int>(draws.Between(
              0, plausible ? field.enum_type()->value_count() - 1 : 999)));
      break;
    default:
      break;
  }
}

}  // namespace

std::uint64_t Draws::Next() {
  std::uint64_t n = state_ += 0x9e3779b97f4a7c15;
  n = (n ^ n >> 30) * 0xbf58476d1ce4e5b9;
  n = (n ^ n >> 27) * 0x94d049bb133111eb;
  return n ^ n >> 31;
}

std::int64_t Draws::Between(std::int64_t from, std::int64_t to) {
  const auto width = static_cast<std::uint64_t>(to - from) + 1;
  return from + static_cast<std::int64_t>(Next() % width);
}

bool Draws::Chance(double probability) {
  return static_cast<double>(Next() >> 11) * 0x1p-53 < probability;
}

std::string Draws::Bytes(int size) {
  std::string bytes(static_cast<std::size_t>(size), '\0');
  for (char& byte : bytes) byte = static_cast<char>(Next());
  return bytes;
}

const std::vector<std::string>& PayloadNames() {
  static const auto* const names = [] {
    auto* all = new std::vector<std::string>;
    const auto* payload = v1::Event::descriptor()->oneof_decl(0);
    for (int k = 0; k < payload->field_count(); ++k) {
      // The server's own, which nothing folds.
      if (payload->field(k)->name() == "grace_planned") continue;
      all->push_back(payload->field(k)->name());
    }
    return all;
  }();
  return *names;
}

std::int64_t RandomEvents::Time() {
  const std::int64_t day = draws_.Between(0, days_ - 1);
  const std::int64_t at = start_us_ + day * kDayUs;
  if (draws_.Chance(0.05)) return (at / kDayUs) * kDayUs;  // Midnight.
  if (draws_.Chance(0.1)) return at + kDayUs / 2;          // A shared time.
  return at + draws_.Between(0, kDayUs - 1);
}

void RandomEvents::FillEnvelope(v1::Event& event) {
  event.set_event_id(absl::StrCat("event-", ++made_));
  event.set_user_id("somebody");
  SetTime(Time(), *event.mutable_event_time());
  if (draws_.Chance(0.3)) {
    event.set_sequence(static_cast<std::uint32_t>(draws_.Between(0, 3)));
  }
  if (draws_.Chance(0.3)) {
    event.set_plan(static_cast<v1::Plan>(draws_.Between(0, 4)));
  }
  if (draws_.Chance(0.1)) {
    SetTime(start_us_ - draws_.Between(0, 900) * kDayUs,
            *event.mutable_registered_time());
  }
  if (draws_.Chance(0.7)) {
    event.set_session_id(absl::StrCat("session-", draws_.Between(0, 40)));
  }
}

void RandomEvents::FillPayload(const std::string& payload, bool plausible,
                               v1::Event& event) {
  const FieldDescriptor* field =
      v1::Event::descriptor()->FindFieldByName(payload);
  Message& message = *event.GetReflection()->MutableMessage(&event, field);
  const auto& type = *message.GetDescriptor();
  for (int k = 0; k < type.field_count(); ++k) {
    if (type.field(k)->is_repeated()) continue;
    const bool needed = plausible && (type.field(k)->name() == "currency" ||
                                      type.field(k)->name() == "time_zone");
    if (needed || draws_.Chance(0.8)) {
      FillField(*type.field(k), plausible, draws_, message);
    }
  }
}

v1::Event RandomEvents::Absurd() {
  v1::Event event;
  FillEnvelope(event);
  const auto& names = PayloadNames();
  FillPayload(names[static_cast<std::size_t>(draws_.Next() % names.size())],
              draws_.Chance(0.5), event);
  return event;
}

v1::Event RandomEvents::Plausible() {
  v1::Event event;
  FillEnvelope(event);
  const auto& names = PayloadNames();
  std::string name =
      draws_.Chance(0.5)
          ? "playback"
          : names[static_cast<std::size_t>(draws_.Next() % names.size())];
  // The server's own; `Life` adds some.
  if (name == "decision_made") name = "page_view";
  FillPayload(name, true, event);
  if (event.has_consent_changed()) {
    auto& consent = *event.mutable_consent_changed();
    consent.set_consent_class(
        static_cast<v1::ConsentClass>(draws_.Between(1, 3)));
    consent.set_consent(draws_.Chance(0.8) ? v1::CONSENT_GRANTED
                                           : v1::CONSENT_WITHHELD);
  }
  return event;
}

std::vector<GatedEvent> RandomEvents::Life(const UserKey& user, int count) {
  const UserKeys keys = UserKeys::FromSecret("random events");
  const EventGate gate(keys);
  std::vector<std::pair<std::int64_t, GatedEvent>> known;
  for (int k = 0; k < count; ++k) {
    v1::Event event = Plausible();
    if (k < 2 && draws_.Chance(0.9)) {
      auto& consent = *event.mutable_consent_changed();
      consent.set_consent_class(k == 0 ? v1::CONSENT_CLASS_BEHAVIOUR
                                       : v1::CONSENT_CLASS_MESSAGES);
      consent.set_consent(v1::CONSENT_GRANTED);
      SetTime(start_us_, *event.mutable_event_time());
    }
    const std::int64_t time_us = event.event_time().seconds() * kSecondUs +
                                 event.event_time().nanos() / 1000;
    GatedEvent gated;
    if (draws_.Chance(0.03)) {
      FillPayload("decision_made", true, event);
      gated = gate.AdmitOwn(event, user);
    } else {
      const auto wrong =
          gate.Admit(event, user, absl::FromUnixMicros(time_us), gated);
      TENUTO_CHECK(!wrong, absl::StrCat("a plausible event is refused: ",
                                        wrong ? wrong->message : ""));
    }
    std::int64_t late_us = draws_.Between(0, 5 * kSecondUs);
    if (draws_.Chance(0.1)) late_us = draws_.Between(0, 120) * kDayUs;
    // A clock may run up to 5 minutes ahead of ours.
    if (draws_.Chance(0.05)) late_us = -300 * kSecondUs;
    gated.known_time_us = time_us + late_us;
    known.emplace_back(gated.known_time_us, std::move(gated));
  }
  std::stable_sort(
      known.begin(), known.end(),
      [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<GatedEvent> events;
  for (auto& entry : known) events.push_back(std::move(entry.second));
  return events;
}

UserKey TestUser(int partition, int number) {
  UserKey user;
  user.bytes[0] = static_cast<std::uint8_t>(partition);
  user.bytes[1] = static_cast<std::uint8_t>(number >> 8);
  user.bytes[2] = static_cast<std::uint8_t>(number);
  return user;
}

std::vector<LoggedEvent> AsLogged(const std::vector<GatedEvent>& events) {
  std::vector<LoggedEvent> logged;
  for (const GatedEvent& event : events) {
    logged.push_back({event.user, logged.size() + 1, event.event_hash,
                      event.known_time_us, event.event});
  }
  return logged;
}

}  // namespace tenuto::testing
