// Decides whether an event may become history, and turns one that may into the
// keyed, bounded bytes that the log stores and the fold reads.
#ifndef TENUTO_FEATURES_EVENT_GATE_H_
#define TENUTO_FEATURES_EVENT_GATE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "features/payload_checks.h"
#include "features/user_key.h"
#include "tenuto/v1/event.pb.h"

namespace tenuto {

// An event that may be committed.
struct GatedEvent {
  UserKey user;
  std::uint64_t event_hash = 0;    // XXH3 of the event id.
  std::int64_t known_time_us = 0;  // Set by whoever commits.
  std::string event;               // Event without event_id and user_id.
};

// Thread-safe: immutable.
class EventGate {
 public:
  // Keeps a pointer to `keys`, which must outlive it. Works the checks out, so
  // that a declaration without one shows before the first event.
  explicit EventGate(const UserKeys& keys);

  // Checks `event`, an event a producer sent, against the clock `now`. On
  // success fills `gated` except known_time_us. `event` keeps its content but
  // for the two ids.
  std::optional<Rejection> Admit(v1::Event& event, absl::Time now,
                                 GatedEvent& gated) const;

  UserKey KeyOf(absl::string_view user_id) const { return keys_->Of(user_id); }

  // The same for a caller that has the user's key at hand.
  std::optional<Rejection> Admit(v1::Event& event, const UserKey& user,
                                 absl::Time now, GatedEvent& gated) const;

  // For events the server writes itself (decisions).
  GatedEvent AdmitOwn(v1::Event& event, const UserKey& user) const;

 private:
  const UserKeys* keys_;
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_EVENT_GATE_H_
