// Which version should be serving? A pure function of what exists and what
// already failed, so that every case is one line in a table test.
// Thread-safe.
#ifndef TENUTO_MODEL_VERSION_POLICY_H_
#define TENUTO_MODEL_VERSION_POLICY_H_

#include <cstdint>
#include <optional>

#include "absl/types/span.h"

namespace tenuto {

enum class VersionState { kFound, kServing, kRefused };

struct VersionSnapshot {
  std::int64_t version;
  VersionState state;
};

// The version the alias `champion` names, if it exists and was not refused;
// an alias of no version loads none; without an alias the newest that was not
// refused, unless one already serves. Nothing when the right one already
// serves. Never answers "serve nothing".
std::optional<std::int64_t> NextVersionToLoad(
    absl::Span<const VersionSnapshot> versions,
    std::optional<std::int64_t> champion);

}  // namespace tenuto

#endif  // TENUTO_MODEL_VERSION_POLICY_H_
