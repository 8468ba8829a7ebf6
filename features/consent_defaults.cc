#include "features/consent_defaults.h"

#include "features/base/status_macros.h"
#include "features/user_state.h"

namespace tenuto {
namespace {

void Apply(const Catalogue& catalogue, v1::ConsentClass consent_class,
           v1::Consent consent, UserState& state) {
  if (consent != v1::CONSENT_GRANTED) return;
  const int slot = catalogue.FindSignal(ConsentSignal(consent_class))->slot;
  Latest& answer = state.last_values[static_cast<std::size_t>(slot)];
  if (answer.time_us != kNever) return;
  answer = {.time_us = state.newest_day * kDayUs,
            .sequence = 0,
            .value = v1::CONSENT_GRANTED};
}

}  // namespace

bool GrantsAny(const v1::ConsentDefaults& defaults) {
  return defaults.behaviour() == v1::CONSENT_GRANTED ||
         defaults.messages() == v1::CONSENT_GRANTED;
}

absl::Status ApplyConsentDefaults(const Catalogue& catalogue,
                                  const v1::ConsentDefaults& defaults,
                                  std::string& state) {
  if (state.empty() || !GrantsAny(defaults)) return absl::OkStatus();
  UserState decoded{StateLayout(catalogue)};
  TENUTO_RETURN_IF_ERROR(decoded.Decode(state));
  Apply(catalogue, v1::CONSENT_CLASS_BEHAVIOUR, defaults.behaviour(), decoded);
  Apply(catalogue, v1::CONSENT_CLASS_MESSAGES, defaults.messages(), decoded);
  decoded.Encode(state);
  return absl::OkStatus();
}

}  // namespace tenuto
