// The ledger on RocksDB, embedded, through rocks_store. Column families: log
// (partition, position -> LogRecord), state (user -> UserState), seen (user ->
// duplicate marks, merged), meta, requests. Log, state, marks and source
// progress of a commit are one WriteBatch, synced before it is acknowledged;
// exactly-once follows from that.
#ifndef TENUTO_FEATURES_ROCKS_LEDGER_H_
#define TENUTO_FEATURES_ROCKS_LEDGER_H_

#include <filesystem>
#include <memory>

#include "absl/status/statusor.h"
#include "features/base/clock.h"
#include "features/catalogue.h"
#include "features/ledger.h"
#include "features/user_key.h"

namespace rocksdb {
class FileSystem;
}

namespace tenuto {

struct RocksLedgerOptions {
  std::filesystem::path directory;
  // Opens beside a live writer and sees what was durable at that moment.
  bool read_only = false;
  int threads = 2;               // For flushes and compactions.
  const Clock* clock = nullptr;  // Required; must outlive the ledger.
  // Tests stand between the ledger and the machine.
  std::shared_ptr<rocksdb::FileSystem> files = nullptr;
  bool answers_first = false;  // Flushes and compactions stand behind.
};

// Thread-safe. Makes the directory when there is none and it may write.
// `catalogue` must outlive the ledger. Errors: kNotFound (no ledger there),
// kFailedPrecondition (another process holds it, by id and name; made with
// another user key; states of a newer format, or of signals that it did not
// write down while reading only), kDataLoss (damage other than a torn tail),
// kUnavailable. With a catalogue of other signals than the states were written
// with it opens at once: what is kept is read where it lies now, what is new is
// pending (LedgerFacts) until Backfill().
absl::StatusOr<std::unique_ptr<Ledger>> OpenRocksLedger(
    const RocksLedgerOptions& options, const Catalogue& catalogue,
    const UserKeys& keys);

}  // namespace tenuto

#endif  // TENUTO_FEATURES_ROCKS_LEDGER_H_
