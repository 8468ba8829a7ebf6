#include "tests/support/test_events.h"

namespace tenuto {

v1::Event MakeEvent(const std::string& user, const std::string& id,
                    absl::Time time) {
  v1::Event event;
  event.set_user_id(user);
  event.set_event_id(id);
  event.mutable_event_time()->set_seconds(absl::ToUnixSeconds(time));
  return event;
}

std::vector<v1::Event> SubscriberEvents(const std::string& user, int tracks,
                                        absl::Time now) {
  std::vector<v1::Event> events;
  const absl::Time begin = now - absl::Hours(tracks + 1);
  for (const auto consent_class :
       {v1::CONSENT_CLASS_BEHAVIOUR, v1::CONSENT_CLASS_MESSAGES}) {
    v1::Event event =
        MakeEvent(user, "consent-" + std::to_string(consent_class), begin);
    event.mutable_consent_changed()->set_consent_class(consent_class);
    event.mutable_consent_changed()->set_consent(v1::CONSENT_GRANTED);
    events.push_back(event);
  }
  v1::Event start = MakeEvent(user, "start", begin);
  start.set_plan(v1::PLAN_PREMIUM);
  start.mutable_subscription_started()->set_price_minor(999);
  start.mutable_subscription_started()->set_currency("EUR");
  events.push_back(start);
  for (int k = 0; k < tracks; ++k) {
    v1::Event event =
        MakeEvent(user, "track-" + std::to_string(k), now - absl::Hours(k + 1));
    event.mutable_playback()->set_track_id("track-" + std::to_string(k));
    event.mutable_playback()->set_artist_id("artist-" + std::to_string(k % 3));
    event.mutable_playback()->set_ms_played(180'000);
    events.push_back(event);
  }
  return events;
}

}  // namespace tenuto
