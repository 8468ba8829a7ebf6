// Proof that what was served can be computed again: every state equals the fold
// of its user's log, and every recorded score's row, assembled offline from the
// log up to the recorded position at the recorded moment, has the same bits.
// Thread-safe.
#ifndef TENUTO_TRAINING_VERIFY_REPLAY_H_
#define TENUTO_TRAINING_VERIFY_REPLAY_H_

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "features/catalogue.h"
#include "features/ledger.h"
#include "features/user_key.h"
#include "tenuto/v1/records.pb.h"

namespace tenuto {

struct VerifyResult {
  std::int64_t events = 0;
  std::int64_t states = 0;
  std::int64_t states_differing = 0;
  std::int64_t rows = 0;              // Recorded scores.
  std::int64_t rows_with_values = 0;  // ... whose whole row was recorded.
  std::int64_t rows_differing = 0;
  std::vector<std::string> first_differences;  // At most 5; no user is named.
};

// The scores of each user as they were recorded, by partition.
using RecordedScores =
    std::array<std::map<UserKey, std::vector<v1::ScoreRecord>>, kPartitions>;

// A ledger that never served has none. Read them before the ledger is opened:
// a server that runs beside scores on what a ledger opened earlier lacks.
absl::StatusOr<RecordedScores> ReadRecordedScores(
    const std::filesystem::path& records_dir);

// `models_dir` holds the bundles that the records name; records of a bundle
// that is not there are kNotFound. Empty only if there is no record:
// kInvalidArgument.
absl::StatusOr<VerifyResult> VerifyReplay(
    const Ledger& ledger, const Catalogue& catalogue, RecordedScores records,
    const std::filesystem::path& models_dir, int threads);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_VERIFY_REPLAY_H_
