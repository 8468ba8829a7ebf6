// Why a server cannot listen at an address. The libraries that bind it say that
// they failed, not why, so it is tried once more by hand and the system asked.
// Thread-safe.
#ifndef TENUTO_SERVER_BIND_ERROR_H_
#define TENUTO_SERVER_BIND_ERROR_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace tenuto {

// "FIELD: cannot bind ADDRESS: why; remedy". kUnavailable for a port in use,
// kPermissionDenied, kInvalidArgument for a host that this machine is not.
// `otherwise` is said where the address is free: then it was something else.
absl::Status BindError(absl::string_view field, absl::string_view address,
                       absl::string_view otherwise);

}  // namespace tenuto

#endif  // TENUTO_SERVER_BIND_ERROR_H_
