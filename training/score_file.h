// The scores of everybody in a ledger as a CSV file: one line a user, by rising
// user key, the same bytes on any number of threads and however often the work
// was killed and taken up again.
#ifndef TENUTO_TRAINING_SCORE_FILE_H_
#define TENUTO_TRAINING_SCORE_FILE_H_

#include <cstdint>
#include <filesystem>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "features/base/clock.h"
#include "features/ledger.h"
#include "model/model_bundle.h"
#include "training/score_everyone.h"

namespace tenuto {

struct ScoreFileOptions {
  std::filesystem::path output;
  absl::Time as_of;    // Not after the ledger's end.
  std::string erased;  // A word that is another after an erasure.
  int reason_count_max = 0;
  int threads = 1;
};

// Value type.
struct ScoreFileReport {
  RowSource source = RowSource::kStates;
  std::int64_t users = 0;
  std::int64_t eligible = 0;
  double probability_sum = 0;
  std::int64_t users_found = 0;  // Of them, scored by an earlier run.
  double seconds = 0;            // Of this run.
  int threads = 1;

  double users_per_second() const;
};

// Says on standard error how it goes, and whether it goes on with the work of
// an earlier run of the same command. Errors of PiecedFile, of the ledger;
// kInvalidArgument for a bundle of a table. Thread-safe.
absl::StatusOr<ScoreFileReport> WriteScoreFile(const Ledger& ledger,
                                               const ModelBundle& bundle,
                                               const ScoreFileOptions& options,
                                               const Clock& clock);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_SCORE_FILE_H_
