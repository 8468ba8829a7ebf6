// Scores users from what the ledger remembers: state -> row -> probability, and
// the record that lets the row be computed again. One path for ScoreUsers,
// ExplainScore and DecideTreatment, with no transport in it.
#ifndef TENUTO_SERVER_USER_SCORER_H_
#define TENUTO_SERVER_USER_SCORER_H_

#include <memory>
#include <string>
#include <utility>
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
#include "google/protobuf/repeated_ptr_field.h"
#include "model/model_bundle.h"
#include "model/model_registry.h"
#include "tenuto/v1/config.pb.h"
#include "tenuto/v1/scoring.pb.h"

namespace tenuto {

// What a call hears whose model, or else default, does not serve; `serving` do.
absl::Status NotServing(absl::string_view model, absl::string_view field,
                        absl::string_view default_model,
                        const std::vector<std::string>& serving);

// The bundle of `model`, or of `default_model`, set in `field` of the
// configuration, where `model` is empty. kNotFound (the call names another) or
// kInvalidArgument (it names none), both with the names that do serve, unless
// it serves.
template <class Bundle>
absl::StatusOr<std::shared_ptr<const Bundle>> FindBundle(
    const BundleRegistry<Bundle>& registry, absl::string_view model,
    absl::string_view default_model,
    absl::string_view field = "default_model") {
  auto bundle = registry.Current(model.empty() ? default_model : model);
  if (bundle.ok()) return bundle;
  std::vector<std::string> names;
  for (const auto& serving : registry.All()) {
    names.push_back(serving->manifest().model());
  }
  return NotServing(model, field, default_model, names);
}

// A moment in the whole microseconds that a record can hold.
absl::Time WholeMicroseconds(absl::Time time);

// Users read at one moment. Value type; not thread-safe.
struct UserRows {
  ReadTime when;
  std::vector<UserKey> users;
  std::vector<float> rows;  // One a user, as wide as the bundle.
  google::protobuf::RepeatedPtrField<v1::UserScore> scores;

  // Leaves the memory to the next call.
  void Clear();
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
    std::string default_model;  // Of calls that name none.
    v1::ConsentDefaults consent_defaults;
    double recorded_row_share = 0;
  };
  explicit UserScorer(Options options) : options_(std::move(options)) {}

  // As FindBundle() says; kFailedPrecondition for a model of a table.
  absl::StatusOr<std::shared_ptr<const ModelBundle>> FindUserBundle(
      absl::string_view model) const;

  // Makes `state` say what the configuration says for a silent user. To be done
  // once to a loaded state, before it is read in any way.
  absl::Status FillConsent(std::string& state) const;

  // Reads the users' states as of now, scores and records them.
  absl::StatusOr<UserRows> ScoreUsers(const ModelBundle& bundle,
                                      absl::Span<const UserKey> users) const;
  // The same into `scored`, whose memory is used again.
  absl::Status ScoreUsers(const ModelBundle& bundle,
                          absl::Span<const UserKey> users,
                          UserRows& scored) const;

  // The same for one user whose filled state is at hand. Records nothing.
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
