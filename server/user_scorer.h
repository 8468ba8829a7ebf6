// Scores users from what the ledger remembers: state -> row -> probability, and
// the record that lets the row be computed again. One path for ScoreUsers,
// ExplainScore and DecideTreatment, with no transport in it.
#ifndef TENUTO_SERVER_USER_SCORER_H_
#define TENUTO_SERVER_USER_SCORER_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "features/base/clock.h"
#include "features/catalogue.h"
#include "features/feature_plan.h"
#include "features/ledger.h"
#include "features/record_log.h"
#include "features/user_key.h"
#include "model/model_bundle.h"
#include "model/model_registry.h"
#include "tenuto/v1/scoring.pb.h"

namespace tenuto {

// kNotFound, with the names that do serve, unless a bundle of `model` serves.
absl::StatusOr<std::shared_ptr<const ModelBundle>> FindBundle(
    const ModelRegistry& registry, absl::string_view model);

// A moment in the whole microseconds that a record can hold.
absl::Time WholeMicroseconds(absl::Time time);

// Users read at one moment. Value type; not thread-safe.
struct UserRows {
  ReadTime when;
  std::vector<UserKey> users;
  std::vector<float> rows;  // One a user, as wide as the bundle.
  std::vector<v1::UserScore> scores;
};

// Thread-safe. The references must outlive it.
class UserScorer {
 public:
  struct Options {
    const Clock& clock;
    const Catalogue& catalogue;
    const Ledger& ledger;
    const ModelRegistry& registry;
    RecordLog& records;
    double recorded_row_share = 0;
  };
  explicit UserScorer(const Options& options) : options_(options) {}

  // kNotFound, or kFailedPrecondition for a model of a table.
  absl::StatusOr<std::shared_ptr<const ModelBundle>> FindUserBundle(
      absl::string_view model) const;

  // Reads the users' states as of now, scores and records them.
  absl::StatusOr<UserRows> ScoreUsers(const ModelBundle& bundle,
                                      absl::Span<const UserKey> users) const;

  // The same for one user whose state is at hand. Records nothing.
  absl::StatusOr<UserRows> ScoreState(const ModelBundle& bundle,
                                      const UserKey& user,
                                      absl::string_view state,
                                      const ReadTime& when) const;

  void Record(const ModelBundle& bundle, const UserRows& scored) const;

 private:
  absl::Status AddRow(const ModelBundle& bundle, const UserKey& user,
                      absl::string_view state, UserRows& rows) const;
  absl::Status Score(const ModelBundle& bundle, UserRows& rows) const;
  bool IsRowRecorded(const UserKey& user, std::int64_t as_of_us) const;

  const Options options_;
};

}  // namespace tenuto

#endif  // TENUTO_SERVER_USER_SCORER_H_
