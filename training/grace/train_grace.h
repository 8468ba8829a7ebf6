// `tenuto train grace`: from the log to the recovery model of failed payments.
// Replays, splits failures by time, fits one hazard for each way a payment
// ends, calibrates it on stretches held out, tests on later failures and writes
// the bundle.
#ifndef TENUTO_TRAINING_GRACE_TRAIN_GRACE_H_
#define TENUTO_TRAINING_GRACE_TRAIN_GRACE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "training/bundle_writer.h"
#include "training/verb.h"

namespace tenuto {

struct TrainGraceOptions {
  std::string ledger;
  std::string models;
  std::string model = "grace";
  // Failures from here on test. Default: the latest 35 %.
  std::optional<absl::Time> test_from;
  Crown champion = Crown::kIfNone;
  std::uint64_t seed = 1;
  int threads = 0;  // 0: every core.
  std::string summary;
  // Of one hazard; beyond them payments are left out by chance.
  std::int64_t rows_max = 2'000'000;
};

// Prints what it does and finds. Errors name the flag that would help.
// Not thread-safe.
absl::Status TrainGrace(const TrainGraceOptions& options,
                        const Workshop& workshop);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_GRACE_TRAIN_GRACE_H_
