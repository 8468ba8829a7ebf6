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

// What a call is told that would act on a signal which misses the past.
absl::Status PendingError();

}  // namespace tenuto

#endif  // TENUTO_SERVER_REQUEST_CHECKS_H_
