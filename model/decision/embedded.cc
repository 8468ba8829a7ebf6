#include "model/decision/embedded.h"

#include "features/base/log.h"
#include "model/decision/policy.h"

namespace tenuto {

const Policy& Policy::Embedded() {
  static const absl::StatusOr<Policy> policy = Parse(kTreatmentsTextproto);
  TENUTO_CHECK(policy.ok(), policy.status().message());
  return *policy;
}

}  // namespace tenuto
