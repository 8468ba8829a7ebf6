// Values as people write them on a command line: read, or found wrong before
// the work and not after it.
// Thread-safe.
#ifndef TENUTO_TRAINING_FLAG_VALUES_H_
#define TENUTO_TRAINING_FLAG_VALUES_H_

#include <filesystem>
#include <initializer_list>

#include "absl/status/status.h"
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

// kInvalidArgument unless --model names one: [a-z][a-z0-9_]{0,63}.
absl::Status CheckModelName(absl::string_view model);

// kInvalidArgument when the file of `flag`, unless empty, cannot be written, or
// is one of the other files of the command.
absl::Status CheckOutput(
    absl::string_view flag, const std::filesystem::path& output,
    std::initializer_list<std::filesystem::path> other_files = {});
// Of --summary.
absl::Status CheckSummary(
    const std::filesystem::path& summary,
    std::initializer_list<std::filesystem::path> other_files = {});

}  // namespace tenuto

#endif  // TENUTO_TRAINING_FLAG_VALUES_H_
