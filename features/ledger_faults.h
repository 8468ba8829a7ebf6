// What went wrong with a ledger's files since it was opened.
// Value type; not thread-safe.
#ifndef TENUTO_FEATURES_LEDGER_FAULTS_H_
#define TENUTO_FEATURES_LEDGER_FAULTS_H_

#include <cstdint>

namespace tenuto {

struct LedgerFaults {
  std::int64_t tails_truncated = 0;  // Torn by a crash, cut off at opening.
  // Reads and writes that failed.
  std::int64_t disk_full = 0;
  std::int64_t io = 0;
  std::int64_t damage = 0;
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_LEDGER_FAULTS_H_
