// A stable word for programs on a status, where its code says too little.
// Thread-safe.
#ifndef TENUTO_FEATURES_BASE_STATUS_REASON_H_
#define TENUTO_FEATURES_BASE_STATUS_REASON_H_

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"

namespace tenuto {

inline constexpr char kReasonUrl[] = "tenuto/reason";

// `status` with an UPPER_SNAKE reason.
inline absl::Status WithReason(absl::Status status, absl::string_view reason) {
  status.SetPayload(kReasonUrl, absl::Cord(reason));
  return status;
}

}  // namespace tenuto

#endif  // TENUTO_FEATURES_BASE_STATUS_REASON_H_
