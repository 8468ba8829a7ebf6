// Early return on error, because Debian's Abseil has no such macros.
// Thread-safe.
#ifndef TENUTO_FEATURES_BASE_STATUS_MACROS_H_
#define TENUTO_FEATURES_BASE_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define TENUTO_CONCAT_INNER(a, b) a##b
#define TENUTO_CONCAT(a, b) TENUTO_CONCAT_INNER(a, b)

#define TENUTO_RETURN_IF_ERROR(expression)                              \
  do {                                                                  \
    if (absl::Status tenuto_status = (expression); !tenuto_status.ok()) \
      return tenuto_status;                                             \
  } while (false)

#define TENUTO_ASSIGN_OR_RETURN(target, expression)                         \
  TENUTO_ASSIGN_OR_RETURN_INNER(TENUTO_CONCAT(tenuto_status_or_, __LINE__), \
                                target, expression)

#define TENUTO_ASSIGN_OR_RETURN_INNER(variable, target, expression) \
  auto variable = (expression);                                     \
  if (!variable.ok()) return std::move(variable).status();          \
  target = *std::move(variable)

#endif  // TENUTO_FEATURES_BASE_STATUS_MACROS_H_
