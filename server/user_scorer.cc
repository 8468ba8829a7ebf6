#include "server/user_scorer.h"

#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "features/base/status_macros.h"
#include "features/consent_defaults.h"
#include "features/eligibility.h"
#include "features/record_file.h"
#include "features/user_state.h"
#include "server/rpc_status.h"
#include "tenuto/v1/records.pb.h"
#include "xxhash.h"

namespace tenuto {

absl::Status NotServing(absl::string_view model, absl::string_view field,
                        absl::string_view default_model,
                        const std::vector<std::string>& serving) {
  const std::string names =
      absl::StrCat(" does not serve; serving: ",
                   serving.empty() ? "none" : absl::StrJoin(serving, ", "));
  if (model.empty()) {
    return FieldError("model", "MODEL_NOT_NAMED",
                      absl::StrCat("is empty, and the ", field, " \"",
                                   default_model, "\"", names));
  }
  return WithReason(
      absl::NotFoundError(absl::StrCat("model \"", model, "\"", names)),
      "MODEL_NOT_FOUND");
}

absl::StatusOr<std::shared_ptr<const ModelBundle>> UserScorer::FindUserBundle(
    absl::string_view model) const {
  TENUTO_ASSIGN_OR_RETURN(auto bundle, FindBundle(options_.registry, model,
                                                  options_.default_model));
  if (bundle->plan() == nullptr) {
    return WithReason(absl::FailedPreconditionError(absl::StrCat(
                          "model \"", bundle->manifest().model(),
                          "\" is of a table, not of users; call ScoreRows")),
                      "MODEL_OF_TABLE");
  }
  return bundle;
}

absl::Status UserScorer::FillConsent(std::string& state) const {
  return ApplyConsentDefaults(options_.catalogue, options_.consent_defaults,
                              state);
}

absl::Time WholeMicroseconds(absl::Time time) {
  return absl::FromUnixMicros(absl::ToUnixMicros(time));
}

void UserRows::Clear() {
  when = {};
  users.clear();
  rows.clear();
  scores.Clear();
}

absl::StatusOr<UserRows> UserScorer::ScoreUsers(
    const ModelBundle& bundle, absl::Span<const UserKey> users) const {
  UserRows rows;
  TENUTO_RETURN_IF_ERROR(ScoreUsers(bundle, users, rows));
  return rows;
}

absl::Status UserScorer::ScoreUsers(const ModelBundle& bundle,
                                    absl::Span<const UserKey> users,
                                    UserRows& scored) const {
  scored.Clear();
  const LedgerFacts facts = options_.ledger.Facts();
  scored.when = {.as_of = WholeMicroseconds(options_.clock.Now()),
                 .history_start = facts.history_start,
                 .pending = facts.pending};
  scored.rows.reserve(users.size() * static_cast<std::size_t>(bundle.width()));
  const bool fills = GrantsAny(options_.consent_defaults);
  const auto add = [&](const UserKey& user,
                       absl::string_view state) -> absl::Status {
    if (!fills) return AddRow(bundle, user, state, scored);
    std::string filled(state);
    TENUTO_RETURN_IF_ERROR(FillConsent(filled));
    return AddRow(bundle, user, filled, scored);
  };
  TENUTO_RETURN_IF_ERROR(options_.ledger.LoadStates(users, add));
  TENUTO_RETURN_IF_ERROR(Score(bundle, scored));
  Record(bundle, scored);
  return absl::OkStatus();
}

absl::StatusOr<UserRows> UserScorer::ScoreState(const ModelBundle& bundle,
                                                const UserKey& user,
                                                absl::string_view state,
                                                const ReadTime& when) const {
  UserRows rows;
  rows.when = when;
  TENUTO_RETURN_IF_ERROR(AddRow(bundle, user, state, rows));
  TENUTO_RETURN_IF_ERROR(Score(bundle, rows));
  return rows;
}

absl::Status UserScorer::AddRow(const ModelBundle& bundle, const UserKey& user,
                                absl::string_view state, UserRows& rows) const {
  const auto width = static_cast<std::size_t>(bundle.width());
  rows.rows.resize(rows.rows.size() + width);
  RowOwner owner;
  TENUTO_RETURN_IF_ERROR(bundle.plan()->Assemble(
      state, rows.when,
      absl::MakeSpan(rows.rows).subspan(rows.rows.size() - width), &owner));
  rows.users.push_back(user);
  v1::UserScore& score = *rows.scores.Add();
  score.set_known(owner.known);
  score.set_eligible(IsEligible(owner.known, owner.plan, Eligible::kPaid));
  score.set_applied_through(AppliedThrough(state));
  return absl::OkStatus();
}

absl::Status UserScorer::Score(const ModelBundle& bundle,
                               UserRows& rows) const {
  thread_local std::vector<tenuto::Score> scores;  // Its memory is used again.
  scores.resize(rows.users.size());
  TENUTO_RETURN_IF_ERROR(bundle.ScoreRows(rows.rows, absl::MakeSpan(scores)));
  for (std::size_t k = 0; k < scores.size(); ++k) {
    v1::UserScore& score = rows.scores[static_cast<int>(k)];
    score.set_margin(scores[k].margin);
    score.set_probability(scores[k].probability);
  }
  return absl::OkStatus();
}

void UserScorer::Record(const ModelBundle& bundle,
                        const UserRows& scored) const {
  const std::int64_t as_of_us = absl::ToUnixMicros(scored.when.as_of);
  const auto width = static_cast<std::size_t>(bundle.width());
  // Their memory is used again.
  thread_local v1::ScoreRecord record;
  thread_local std::string frames;
  record.Clear();
  frames.clear();
  record.set_as_of_us(as_of_us);
  record.set_history_start_us(absl::ToUnixMicros(scored.when.history_start));
  record.set_model(bundle.manifest().model());
  record.set_model_version(bundle.manifest().version());
  if (GrantsAny(options_.consent_defaults)) {
    *record.mutable_consent_defaults() = options_.consent_defaults;
  }
  if (scored.when.pending != nullptr) {
    const std::vector<std::uint32_t>& ids = scored.when.pending->ids();
    record.mutable_pending_signal_ids()->Add(ids.begin(), ids.end());
  }
  for (std::size_t k = 0; k < scored.users.size(); ++k) {
    const float* row = scored.rows.data() + k * width;
    const v1::UserScore& score = scored.scores[static_cast<int>(k)];
    record.mutable_user_key()->assign(scored.users[k].view().data(),
                                      scored.users[k].view().size());
    record.set_applied_through(score.applied_through());
    record.set_row_hash(XXH3_64bits(row, width * sizeof *row));
    record.clear_row();
    if (IsRowRecorded(scored.users[k], as_of_us)) {
      record.mutable_row()->Add(row, row + width);
    }
    record.set_margin(static_cast<float>(score.margin()));
    record.set_probability(static_cast<float>(score.probability()));
    AppendRecordFrame(record, frames);
  }
  options_.records.Append(frames,
                          static_cast<std::int64_t>(scored.users.size()));
}

// By hash, not by chance: who repeats a load finds the same rows recorded.
bool UserScorer::IsRowRecorded(const UserKey& user,
                               std::int64_t as_of_us) const {
  const std::uint64_t hash =
      XXH3_64bits_withSeed(user.bytes.data(), user.bytes.size(),
                           static_cast<std::uint64_t>(as_of_us));
  return static_cast<double>(hash >> 11) * 0x1p-53 <
         options_.recorded_row_share;
}

}  // namespace tenuto
