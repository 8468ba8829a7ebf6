// Checks of request fields that several services share.
// Thread-safe.
#ifndef TENUTO_SERVER_REQUEST_CHECKS_H_
#define TENUTO_SERVER_REQUEST_CHECKS_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace tenuto {

inline constexpr std::size_t kIdBytesMax = 128;

// kInvalidArgument unless `id` has 1 to kIdBytesMax bytes.
absl::Status CheckId(absl::string_view field, absl::string_view id);

}  // namespace tenuto

#endif  // TENUTO_SERVER_REQUEST_CHECKS_H_
