// The log inside the store: where a record lies and how records are read back.
// Key: partition (1 byte), position of the record's first event (8 bytes, big
// endian). Value: log_record.h.
// Thread-safe: functions on a thread-safe store.
#ifndef TENUTO_FEATURES_LEDGER_LOG_H_
#define TENUTO_FEATURES_LEDGER_LOG_H_

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "features/ledger.h"
#include "features/rocks_store.h"

namespace tenuto {

// What keys of a partition begin with, in the log and among the states.
std::string PartitionPrefix(int partition);
std::string LogKey(int partition, Position position);

// As Ledger::Scan.
absl::Status ScanLog(const RocksStore& store, int partition, Position from,
                     absl::FunctionRef<bool(const LoggedEvent&)> visit);

// Position of the newest event; 0 if there is none.
absl::StatusOr<Position> LastPosition(const RocksStore& store);

}  // namespace tenuto

#endif  // TENUTO_FEATURES_LEDGER_LOG_H_
