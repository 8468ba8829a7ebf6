// How a user stands with us: the few facts of the state that the guardrails
// ask for, under their business names. Decisions work on these values, so a
// simulator or a test can state them without a ledger.
#ifndef TENUTO_MODEL_DECISION_STANDING_H_
#define TENUTO_MODEL_DECISION_STANDING_H_

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "features/state_reader.h"
#include "tenuto/v1/event.pb.h"

namespace tenuto {

// A message that we decided to send. Value type.
struct Contact {
  absl::Time time;
  std::uint64_t treatment_hash = 0;  // TreatmentHash() of its name.
};

// Value type; not thread-safe. The defaults forbid everything.
struct Standing {
  bool known = false;  // Some event of this user was ever seen.
  bool messages_granted = false;
  bool behaviour_granted = false;
  bool subscribed = false;  // False only where the plan is known to be none
                            // or free: not every producer tells the plan.
  bool payment_failing = false;  // The newest attempt did not collect, and no
                                 // new method of payment came since.
  std::array<bool, v1::Surface_ARRAYSIZE> opted_out{};  // By surface.
  std::optional<absl::TimeZone> zone;  // None: never told, or not loadable.
  std::vector<Contact> contacts;       // Newest first, at most kRecentMax.
};

// Null is a user whom nobody has seen.
Standing StandingOf(const StateReader* state);

// As StateReader::Recent() hashes texts.
std::uint64_t TreatmentHash(absl::string_view treatment);

}  // namespace tenuto

#endif  // TENUTO_MODEL_DECISION_STANDING_H_
