// What a ledger says of itself as a whole.
// Thread-safe: values.
#ifndef TENUTO_FEATURES_LEDGER_FACTS_H_
#define TENUTO_FEATURES_LEDGER_FACTS_H_

#include <cstdint>

#include "absl/time/time.h"
#include "features/pending_signals.h"

namespace tenuto {

inline constexpr int kPartitions = 256;

// Place of an event in the log; grows by one per accepted event, from 1.
using Position = std::uint64_t;

struct LedgerFacts {
  // Oldest and newest known_time of any event: how far back silence means
  // silence. An empty ledger begins in the future and ends in the past.
  absl::Time history_start = absl::InfiniteFuture();
  absl::Time history_end = absl::InfinitePast();
  Position last_position = 0;
  // Null when every state has every signal's past. Lives as long as the ledger.
  const PendingSignals* pending = nullptr;
};

// How far a backfill has come.
struct BackfillProgress {
  int partitions_done = 0;  // Of kPartitions, those of earlier runs included.
  std::int64_t users = 0;   // In this run.
  std::int64_t events = 0;
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_LEDGER_FACTS_H_
