// What a ledger says of itself: its format, whose keys it was made with, which
// signals its states were folded with, how far its history reaches.
// Thread-safe.
#ifndef TENUTO_FEATURES_LEDGER_META_H_
#define TENUTO_FEATURES_LEDGER_META_H_

#include <atomic>
#include <cstdint>
#include <limits>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "features/ledger_terms.h"
#include "features/rocks_store.h"

namespace tenuto {

inline constexpr char kSignalsKey[] = "signals";
inline constexpr char kHistoryEndKey[] = "history_end_us";
inline constexpr char kToldEndKey[] = "told_end_us";
inline constexpr char kSourcePrefix[] = "source/";

struct LedgerIdentity {
  std::string directory;  // For messages.
  std::string key_check;  // UserKeys::CheckValue().
  std::string signals;    // Catalogue::signal_fingerprint().
};

enum class StatesAre { kCurrent, kOfOtherSignals };

// kFailedPrecondition when the ledger has another format or other keys.
absl::StatusOr<StatesAre> CheckIdentity(const RocksStore& store,
                                        const LedgerIdentity& identity);
// Writes it down, for the next one who opens.
void ClaimIdentity(const LedgerIdentity& identity, StoreBatch& batch);

// Known times of the oldest and the newest event, and of the newest that we
// were told; absurd when there is none; and the last position.
struct History {
  std::int64_t start_us = std::numeric_limits<std::int64_t>::max();
  std::int64_t end_us = std::numeric_limits<std::int64_t>::min();
  std::int64_t told_us = std::numeric_limits<std::int64_t>::min();
  Position last = 0;
};
// But for the position, which the log has. A ledger of before that does not say
// what it was told ends there.
absl::StatusOr<History> LoadHistory(const RocksStore& store);

// The history of an open ledger, which commits side by side make longer.
class HistoryEnds {
 public:
  std::int64_t start_us() const { return start_us_; }
  std::int64_t end_us() const { return end_us_; }
  std::int64_t told_us() const { return told_us_; }
  Position last() const { return last_; }
  // Adds to `batch` what `more` changes; Note() it once that is durable.
  void Add(const History& more, StoreBatch& batch) const;
  void Note(const History& more);

 private:
  std::atomic<std::int64_t> start_us_{History().start_us};
  std::atomic<std::int64_t> end_us_{History().end_us};
  std::atomic<std::int64_t> told_us_{History().told_us};
  std::atomic<Position> last_{0};
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_LEDGER_META_H_
