// Reads and checks what we may send. A wrong file must stop the program at its
// start, not a decision at night, so everything is checked here and nowhere
// else. Thread-safe.
#ifndef TENUTO_MODEL_DECISION_TREATMENTS_H_
#define TENUTO_MODEL_DECISION_TREATMENTS_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tenuto/v1/treatments.pb.h"

namespace tenuto {

// kInvalidArgument naming the line that is no Treatments textproto.
absl::StatusOr<v1::Treatments> ParseTreatments(absl::string_view textproto);

// kInvalidArgument naming the treatment, the field, its value and what it
// should be; the first one in file order.
absl::Status CheckTreatments(const v1::Treatments& treatments);

}  // namespace tenuto

#endif  // TENUTO_MODEL_DECISION_TREATMENTS_H_
