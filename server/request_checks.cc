#include "server/request_checks.h"

#include "absl/strings/str_cat.h"
#include "server/rpc_status.h"

namespace tenuto {

absl::Status CheckId(absl::string_view field, absl::string_view id) {
  if (id.empty()) return FieldError(field, "EMPTY_ID", "is empty");
  if (id.size() > kIdBytesMax) {
    return FieldError(field, "ID_TOO_LONG",
                      absl::StrCat("has more than ", kIdBytesMax, " bytes"));
  }
  return absl::OkStatus();
}

absl::Status PendingError() {
  return WithReason(
      absl::UnavailableError("a signal that the decision depends on is being "
                             "folded from the log; repeat the call later"),
      "SIGNALS_PENDING");
}

}  // namespace tenuto
