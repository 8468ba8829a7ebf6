// The words in which one speaks with a ledger: positions, marks of sources,
// names of requests, receipts, facts.
// Value types; not thread-safe.
#ifndef TENUTO_FEATURES_LEDGER_TERMS_H_
#define TENUTO_FEATURES_LEDGER_TERMS_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "features/late_events.h"
#include "features/ledger_faults.h"
#include "features/pending_signals.h"
#include "features/user_key.h"

namespace tenuto {

inline constexpr int kPartitions = 256;

// Place of an event in the log; grows by one per accepted event, from 1.
using Position = std::uint64_t;

enum class Admission { kAccepted, kDuplicate };

// One accepted event as the log holds it. `event` lives while being visited.
struct LoggedEvent {
  UserKey user;
  Position position = 0;
  std::uint64_t event_hash = 0;
  // When we learned of it; decides point-in-time. The server's clock when live;
  // for an import, the running maximum of event time in file order.
  std::int64_t known_time_us = 0;
  absl::string_view event;
};

// How far a source (a file, a topic) has been taken in. Commits with the events
// it speaks of.
struct SourceMark {
  std::string source;
  std::string progress;
};

// Names a call, so that repeating it has no second effect. Both fields reach
// the disk as they are: make them of keyed hashes.
struct RequestKey {
  std::string id;
  std::uint64_t body_hash = 0;
};

// How long the answer to a request is remembered.
inline constexpr absl::Duration kRequestMemory = absl::Hours(24);

// Receipt of an erasure.
struct Erasure {
  std::int64_t time_us = 0;
  std::uint64_t events = 0;  // Removed from the log.
  std::uint64_t bytes = 0;   // Of all removed entries, as stored.
  Position through = 0;      // Newest position of the log at that moment.
  bool replayed = false;     // The receipt of an earlier call.
};

// What opening took out of a ledger that is older than its list of erased
// users, as a restored checkpoint is.
struct ErasedAgain {
  std::int64_t users = 0;  // Of whom something was there.
  std::uint64_t events = 0;
};

struct LedgerFacts {
  // Oldest and newest known_time of any event: how far back silence means
  // silence. An empty ledger begins in the future and ends in the past.
  absl::Time history_start = absl::InfiniteFuture();
  absl::Time history_end = absl::InfinitePast();
  // Newest known_time of an event that we were told, at most history_end: how
  // far silence means that nothing happened. A decision of ours (CommitOnce)
  // may be made long after the last that anybody told.
  absl::Time told_end = absl::InfinitePast();
  Position last_position = 0;
  LedgerFaults faults{};
  // Null when every state has every signal's past. Lives as long as the ledger.
  const PendingSignals* pending = nullptr;
  // Since opening. Lives as long as the ledger.
  const LateEvents* late = nullptr;
  ErasedAgain erased_again{};
};

// How far a backfill has come.
struct BackfillProgress {
  int partitions_done = 0;    // Of kPartitions, those of earlier runs included.
  int partitions_before = 0;  // Those alone: this run began there.
  std::int64_t users = 0;     // In this run.
  std::int64_t events = 0;
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_LEDGER_TERMS_H_
