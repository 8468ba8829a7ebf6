// May we do this to this user now? Fixed rules in a fixed order; the first that
// forbids a candidate is kept as its reason. No belief about value can outvote
// them, and where a fact is missing they choose the careful side.
#ifndef TENUTO_MODEL_DECISION_GUARDRAILS_H_
#define TENUTO_MODEL_DECISION_GUARDRAILS_H_

#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "features/user_key.h"
#include "model/decision/standing.h"
#include "tenuto/v1/treatments.pb.h"

namespace tenuto {

// What holds for all candidates of one decision. Value type; the standing and
// the surfaces must outlive it.
struct Situation {
  const Standing* standing = nullptr;
  absl::Span<const v1::Surface> surfaces;  // Usable now. Empty: every one.
  absl::Time now;
  bool held_out = false;
  bool quiet = false;  // Meaningless without a zone.
  std::int64_t contacts_today = 0;
  std::int64_t contacts_this_week = 0;
};

// Thread-safe: immutable after construction.
class Guardrails {
 public:
  explicit Guardrails(v1::Guardrails limits);

  Situation Assess(const UserKey& user, const Standing& standing,
                   absl::Span<const v1::Surface> surfaces,
                   absl::Time now) const;

  // The first rule that forbids it; empty if it is allowed. In order:
  // unknown_user, consent_messages, consent_behaviour, opted_out, holdout,
  // education_while_payment_fails, payment_not_failing, not_subscribed,
  // surface_unavailable, daily_cap, weekly_cap, cool_down, time_zone_unknown,
  // quiet_hours.
  absl::string_view FirstBinding(const v1::Treatment& treatment,
                                 v1::Surface surface,
                                 const Situation& situation) const;

  // Is this user never treated? The same answer on every machine, for as long
  // as the salt stands.
  bool HoldsOut(const UserKey& user) const;

 private:
  v1::Guardrails limits_;
};

}  // namespace tenuto

#endif  // TENUTO_MODEL_DECISION_GUARDRAILS_H_
