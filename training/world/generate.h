// Lives a whole world into a ledger and its truth beside it.
// Thread-safe: holds no state.
#ifndef TENUTO_TRAINING_WORLD_GENERATE_H_
#define TENUTO_TRAINING_WORLD_GENERATE_H_

#include <filesystem>
#include <functional>

#include "absl/status/statusor.h"
#include "features/base/clock.h"
#include "features/ledger.h"
#include "features/user_key.h"
#include "training/world/report.h"
#include "training/world/world.h"

namespace tenuto::world {

// Calls `progress` with the number of days lived. A ledger that
// holds the beginning of this world gets the rest, a whole one nothing.
// kFailedPrecondition when the ledger holds another world or events of another
// origin. The truth file appears only if all went well.
absl::StatusOr<WorldReport> GenerateWorld(
    const WorldOptions& options, const std::filesystem::path& truth_path,
    const UserKeys& keys, const Clock& clock, Ledger& ledger,
    const std::function<void(int)>& progress);

}  // namespace tenuto::world

#endif  // TENUTO_TRAINING_WORLD_GENERATE_H_
