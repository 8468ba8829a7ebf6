// What holds for a user who never said yes or no: the configuration's word.
// Thread-safe.
#ifndef TENUTO_FEATURES_CONSENT_DEFAULTS_H_
#define TENUTO_FEATURES_CONSENT_DEFAULTS_H_

#include <string>

#include "absl/status/status.h"
#include "features/catalogue.h"
#include "tenuto/v1/config.pb.h"

namespace tenuto {

// Silence counts as CONSENT_WITHHELD, so only a default that grants changes
// anything.
bool GrantsAny(const v1::ConsentDefaults& defaults);

// Makes an encoded state read as if its user had granted what `defaults` grant
// and the user never answered. No event says so: an answer that arrives late,
// however old, still counts. The empty state of an unknown user stays empty.
absl::Status ApplyConsentDefaults(const Catalogue& catalogue,
                                  const v1::ConsentDefaults& defaults,
                                  std::string& state);

}  // namespace tenuto

#endif  // TENUTO_FEATURES_CONSENT_DEFAULTS_H_
