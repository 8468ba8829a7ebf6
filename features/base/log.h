// Lines for the operator on standard error, and the end of the process for
// states that cannot be. Never give these user ids or event contents.
// Thread-safe.
#ifndef TENUTO_FEATURES_BASE_LOG_H_
#define TENUTO_FEATURES_BASE_LOG_H_

#include "absl/strings/string_view.h"

namespace tenuto {

// "I tenuto: <text>"; one write, so lines of threads do not mix.
void LogInfo(absl::string_view text);
void LogWarning(absl::string_view text);

[[noreturn]] void DieOfCheck(const char* file, int line,
                             absl::string_view reason);

}  // namespace tenuto

#define TENUTO_CHECK(condition, reason)                                   \
  do {                                                                    \
    if (!(condition)) ::tenuto::DieOfCheck(__FILE__, __LINE__, (reason)); \
  } while (false)

#endif  // TENUTO_FEATURES_BASE_LOG_H_
