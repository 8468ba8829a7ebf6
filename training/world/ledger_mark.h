// How much of a world a ledger holds. The mark is committed with the events it
// counts, so that a world that was ended half-way goes on exactly there, and
// who only reads takes no half for a whole.
// Thread-safe: holds no state.
#ifndef TENUTO_TRAINING_WORLD_LEDGER_MARK_H_
#define TENUTO_TRAINING_WORLD_LEDGER_MARK_H_

#include <cstdint>
#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "features/ledger.h"
#include "training/world/world.h"

namespace tenuto::world {

struct LedgerMark {
  std::string world;  // As in WorldName; empty: the ledger is of no world.
  std::int64_t events = 0;   // Of the world's, from its first; these are there.
  std::uint64_t digest = 0;  // Of them, by Digest().
  bool whole = false;
};

// Of one event more, as it is stored.
std::uint64_t Digest(std::uint64_t before, absl::string_view event);

// "users 60, days 30, seed 1, start 2025-01-01".
std::string WorldName(const WorldOptions& options);

SourceMark ToSourceMark(const LedgerMark& mark);
// kDataLoss for a mark that this program cannot have written.
absl::StatusOr<LedgerMark> LoadLedgerMark(const Ledger& ledger);

// kFailedPrecondition, with the remedy, when `ledger`, opened from `directory`,
// holds a part of a world.
absl::Status CheckWhole(const Ledger& ledger,
                        const std::filesystem::path& directory);

}  // namespace tenuto::world

#endif  // TENUTO_TRAINING_WORLD_LEDGER_MARK_H_
