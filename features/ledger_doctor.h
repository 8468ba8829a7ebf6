// Looks at every byte of a ledger that nobody has open and says what is not as
// it was written, the first damage of each file: file, offset, and whether only
// the newest record is affected, the one damage that can be cut away without
// losing what came before or after. Thread-safe: functions; a ledger is
// examined by one thread at a time.
#ifndef TENUTO_FEATURES_LEDGER_DOCTOR_H_
#define TENUTO_FEATURES_LEDGER_DOCTOR_H_

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tenuto {

struct LedgerProblem {
  std::filesystem::path file;
  std::optional<std::uint64_t> offset;
  std::string what;
  // Of the newest write-ahead log; RepairTail can cut it off.
  bool only_last_record = false;
  // Not of the database but of a file beside it, of which there are copies.
  bool beside = false;
};

struct LedgerExamination {
  int log_files = 0;
  int table_files = 0;
  std::int64_t log_records = 0;  // Commits not yet in a table.
  std::int64_t events = 0;       // Of the log, decoded; if there is no problem.
  int torn_tails = 0;  // Left by a crash; the next start cuts them off.
  std::vector<LedgerProblem> problems;
};

// user.key and erased_users.txt are looked at if they are there.
// kNotFound, kFailedPrecondition (another process writes to it).
absl::StatusOr<LedgerExamination> ExamineLedger(
    const std::filesystem::path& directory);

// Cuts the newest write-ahead log before its damaged last record; where a copy
// of the bytes cut off lies. kFailedPrecondition unless `examination` has that
// one problem and no other.
absl::StatusOr<std::filesystem::path> RepairTail(
    const std::filesystem::path& directory,
    const LedgerExamination& examination);

}  // namespace tenuto

#endif  // TENUTO_FEATURES_LEDGER_DOCTOR_H_
