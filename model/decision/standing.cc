#include "model/decision/standing.h"

#include <xxhash.h>

#include <string>

namespace tenuto {
namespace {

bool IsFailing(std::optional<std::int64_t> outcome) {
  return outcome == v1::PAYMENT_OUTCOME_DECLINED ||
         outcome == v1::PAYMENT_OUTCOME_ERROR;
}

// A new card means that the failure was heard of; the next attempt will tell.
bool IsFailing(const StateReader& state) {
  if (!IsFailing(state.LastValue("payment_failing"))) return false;
  const auto updated = state.LastTime("last_method_update");
  return !updated || *updated <= state.LastValueTime("payment_failing");
}

// Until the user grants messages again; of the same moment the no counts.
bool IsOptedOut(const StateReader& state, absl::string_view opt_out) {
  const auto out = state.LastTime(opt_out);
  const auto granted = state.LastTime("last_messages_grant");
  return out && (!granted || *granted <= *out);
}

// Event gates know only zones of their own machine; a zone that this machine
// cannot load is as good as none.
std::optional<absl::TimeZone> LoadZone(const std::string& name) {
  absl::TimeZone zone;
  if (name.empty() || !absl::LoadTimeZone(name, &zone)) return std::nullopt;
  return zone;
}

}  // namespace

Standing StandingOf(const StateReader* state) {
  Standing standing;
  if (state == nullptr || !state->known()) return standing;
  standing.known = true;
  standing.messages_granted = state->Granted(v1::CONSENT_CLASS_MESSAGES);
  standing.behaviour_granted = state->Granted(v1::CONSENT_CLASS_BEHAVIOUR);
  const v1::Plan plan = state->plan();
  standing.subscribed = plan != v1::PLAN_NONE && plan != v1::PLAN_FREE;
  standing.payment_failing = IsFailing(*state);
  standing.opted_out[v1::SURFACE_IN_APP] =
      IsOptedOut(*state, "last_opt_out_in_app");
  standing.opted_out[v1::SURFACE_PUSH] =
      IsOptedOut(*state, "last_opt_out_push");
  standing.opted_out[v1::SURFACE_EMAIL] =
      IsOptedOut(*state, "last_opt_out_email");
  standing.zone = LoadZone(state->LastText("time_zone"));
  for (const RecentEntry& entry : state->Recent("recent_contacts")) {
    standing.contacts.push_back(
        {absl::FromUnixMicros(entry.time_us), entry.text_hash});
  }
  return standing;
}

std::uint64_t TreatmentHash(absl::string_view treatment) {
  return XXH3_64bits(treatment.data(), treatment.size());
}

}  // namespace tenuto
