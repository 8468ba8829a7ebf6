// Days and moments as people write them on a command line.
// Thread-safe.
#ifndef TENUTO_TRAINING_FLAG_VALUES_H_
#define TENUTO_TRAINING_FLAG_VALUES_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace tenuto {

// "14d", "2w" or "336h": a whole number of hours above zero. The error names
// `flag` and shows a good value.
absl::StatusOr<absl::Duration> ParseDays(absl::string_view flag,
                                         absl::string_view text);

// "2018-12-20" (midnight UTC), "2018-12-20 18:00:00", RFC 3339, or epoch
// seconds. Parts of a second are dropped.
absl::StatusOr<absl::Time> ParseMoment(absl::string_view flag,
                                       absl::string_view text);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_FLAG_VALUES_H_
