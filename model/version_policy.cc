#include "model/version_policy.h"

#include <algorithm>

namespace tenuto {

std::optional<std::int64_t> NextVersionToLoad(
    absl::Span<const VersionSnapshot> versions,
    std::optional<std::int64_t> champion) {
  if (champion.has_value()) {
    for (const VersionSnapshot& snapshot : versions) {
      if (snapshot.version != *champion) continue;
      if (snapshot.state == VersionState::kFound) return champion;
    }
    // Any other version would be a guess against what somebody wrote down.
    return std::nullopt;
  }
  std::optional<std::int64_t> newest;
  for (const VersionSnapshot& snapshot : versions) {
    if (snapshot.state == VersionState::kServing) return std::nullopt;
    if (snapshot.state == VersionState::kRefused) continue;
    newest = std::max(newest.value_or(snapshot.version), snapshot.version);
  }
  return newest;
}

}  // namespace tenuto
