// `tenuto train churn --ledger`: from the log to a bundle. Replays
// point-in-time rows, splits them by time, fits one model a rolling test
// window, evaluates all windows together and writes the last window's model.
#ifndef TENUTO_TRAINING_TRAIN_LEDGER_H_
#define TENUTO_TRAINING_TRAIN_LEDGER_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "training/bundle_writer.h"
#include "training/ledger_rows.h"
#include "training/verb.h"

namespace tenuto {

struct TrainLedgerOptions {
  std::string ledger;
  std::string models;
  std::string model;  // Empty: "churn_14d" from the horizon.
  std::string label = "churn_by_choice";
  Eligible eligible = Eligible::kPaid;
  absl::Duration horizon = absl::Hours(24 * 14);
  absl::Duration snapshot_every = absl::Hours(24 * 7);
  std::optional<absl::Time> first_snapshot;  // Default: 7 days into the log.
  std::optional<absl::Time> train_before;
  std::optional<absl::Time> test_from;
  int windows = 3;
  bool own_messages = false;  // Keep columns that our own messages cause.
  bool baseline = false;
  bool ablation = false;
  Crown champion = Crown::kIfNone;
  std::uint64_t seed = 1;
  int threads = 0;  // 0: every core.
  std::string summary;
};

// Prints what it does and finds. Errors name the flag that would help.
// Not thread-safe.
absl::Status TrainLedger(const TrainLedgerOptions& options,
                         const Workshop& workshop);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_TRAIN_LEDGER_H_
