#include "training/verify_replay.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"
#include "features/consent_defaults.h"
#include "features/feature_plan.h"
#include "features/record_log.h"
#include "model/model_bundle.h"
#include "tenuto/v1/records.pb.h"
#include "training/replayer.h"
#include "xxhash.h"

namespace tenuto {
namespace {

constexpr std::size_t kDifferencesMax = 5;
constexpr std::size_t kBundlesNamedMax = 5;

using BundleName = std::pair<std::string, std::int64_t>;
using Bundles = std::map<BundleName, std::shared_ptr<const ModelBundle>>;
using UserRecords = RecordedScores::value_type;

BundleName NameOf(const v1::ScoreRecord& record) {
  return {record.model(), record.model_version()};
}

// The log of one user, folded position by position.
class PositionFold {
 public:
  PositionFold(const SignalFold& fold, absl::Span<const LoggedEvent> events)
      : fold_(fold), events_(events), state_(fold.layout()) {}

  absl::Status Through(Position position, std::string& state) {
    EventView view;
    for (; next_ < events_.size() && events_[next_].position <= position;
         ++next_) {
      if (!view.Parse(events_[next_].event)) {
        return absl::DataLossError(absl::StrCat("the event at log position ",
                                                events_[next_].position,
                                                " does not parse"));
      }
      fold_.Apply(view, events_[next_].position, state_);
    }
    state_.Encode(state);
    return absl::OkStatus();
  }

 private:
  const SignalFold& fold_;
  const absl::Span<const LoggedEvent> events_;
  std::size_t next_ = 0;
  UserState state_;
};

class Verifier {
 public:
  Verifier(const Ledger& ledger, const Catalogue& catalogue,
           const Bundles& bundles, RecordedScores& records)
      : ledger_(ledger),
        catalogue_(catalogue),
        fold_(catalogue),
        bundles_(bundles),
        records_(records) {}

  absl::Status VerifyPartition(int partition, VerifyResult& result) {
    UserRecords& records = records_[static_cast<std::size_t>(partition)];
    std::vector<UserKey> logged;  // Rising.
    TENUTO_RETURN_IF_ERROR(VisitUsers(
        ledger_, partition,
        [&](const UserKey& user, absl::Span<const LoggedEvent> events) {
          logged.push_back(user);
          const auto found = records.find(user);
          absl::Status status = VerifyUser(
              user, events, found == records.end() ? nullptr : &found->second,
              result);
          if (found != records.end()) records.erase(found);
          return status;
        }));
    // Scores of users without any event.
    for (auto& [user, of_user] : records) {
      TENUTO_RETURN_IF_ERROR(VerifyUser(user, {}, &of_user, result));
    }
    return FindStrangers(partition, logged, result);
  }

 private:
  // States of users whom the log does not know; no visit of the log sees them.
  absl::Status FindStrangers(int partition, const std::vector<UserKey>& logged,
                             VerifyResult& result) const {
    return ledger_.ScanStates(partition, [&](const UserKey& user,
                                             absl::string_view) {
      if (std::binary_search(logged.begin(), logged.end(), user)) {
        return true;
      }
      ++result.states;
      ++result.states_differing;
      Note("there is a state of a user of whom the log has no event", result);
      return true;
    });
  }

  absl::Status VerifyUser(const UserKey& user,
                          absl::Span<const LoggedEvent> events,
                          std::vector<v1::ScoreRecord>* records,
                          VerifyResult& result) const {
    PositionFold fold(fold_, events);
    std::string state;
    if (records != nullptr) {
      std::stable_sort(records->begin(), records->end(),
                       [](const auto& a, const auto& b) {
                         return a.applied_through() < b.applied_through();
                       });
      for (const v1::ScoreRecord& record : *records) {
        TENUTO_RETURN_IF_ERROR(fold.Through(record.applied_through(), state));
        TENUTO_RETURN_IF_ERROR(VerifyRow(record, state, result));
      }
    }
    if (events.empty()) return absl::OkStatus();
    result.events += static_cast<std::int64_t>(events.size());
    TENUTO_RETURN_IF_ERROR(fold.Through(~Position{0}, state));
    std::string stored;
    TENUTO_RETURN_IF_ERROR(ledger_.LoadState(user, stored));
    ++result.states;
    if (stored == state) return absl::OkStatus();
    ++result.states_differing;
    Note(absl::StrCat("the state of a user whose last event is at position ",
                      events.back().position, " is not the fold of the log"),
         result);
    return absl::OkStatus();
  }

  absl::Status VerifyRow(const v1::ScoreRecord& record, std::string state,
                         VerifyResult& result) const {
    TENUTO_RETURN_IF_ERROR(
        ApplyConsentDefaults(catalogue_, record.consent_defaults(), state));
    const FeaturePlan& plan = *bundles_.at(NameOf(record))->plan();
    std::vector<float> row(static_cast<std::size_t>(plan.width()));
    const PendingSignals pending({record.pending_signal_ids().begin(),
                                  record.pending_signal_ids().end()});
    const ReadTime when{absl::FromUnixMicros(record.as_of_us()),
                        absl::FromUnixMicros(record.history_start_us()),
                        &pending};
    TENUTO_RETURN_IF_ERROR(plan.Assemble(state, when, absl::MakeSpan(row)));
    ++result.rows;
    bool same = XXH3_64bits(row.data(), row.size() * sizeof(float)) ==
                record.row_hash();
    if (record.row_size() > 0) {
      ++result.rows_with_values;
      same = same && record.row_size() == plan.width() &&
             std::memcmp(record.row().data(), row.data(),
                         row.size() * sizeof(float)) == 0;
    }
    if (same) return absl::OkStatus();
    ++result.rows_differing;
    Note(absl::StrCat("a row of ", record.model(), "/", record.model_version(),
                      " read at position ", record.applied_through(),
                      " differs", FirstDifference(plan, record, row)),
         result);
    return absl::OkStatus();
  }

  static std::string FirstDifference(const FeaturePlan& plan,
                                     const v1::ScoreRecord& record,
                                     absl::Span<const float> row) {
    for (int k = 0; k < record.row_size() && k < plan.width(); ++k) {
      const auto at = static_cast<std::size_t>(k);
      const float served = record.row(k);
      if (std::memcmp(&served, &row[at], sizeof served) == 0) continue;
      const auto feature = static_cast<std::size_t>(plan.feature_index(k));
      return absl::StrCat(" in ", plan.catalogue().features()[feature].name,
                          ": served ", served, ", replayed ", row[at]);
    }
    return "";
  }

  static void Note(absl::string_view difference, VerifyResult& result) {
    if (result.first_differences.size() < kDifferencesMax) {
      result.first_differences.emplace_back(difference);
    }
  }

  const Ledger& ledger_;
  const Catalogue& catalogue_;
  const SignalFold fold_;
  const Bundles& bundles_;
  RecordedScores& records_;
};

std::map<BundleName, std::int64_t> CountByBundle(
    const RecordedScores& records) {
  std::map<BundleName, std::int64_t> counts;
  for (const UserRecords& partition : records) {
    for (const auto& [user, of_user] : partition) {
      for (const v1::ScoreRecord& record : of_user) ++counts[NameOf(record)];
    }
  }
  return counts;
}

// "churn_14d/1 (120 records), churn_14d/2 (3 records)"; the first few.
std::string Listed(const std::map<BundleName, std::int64_t>& counts) {
  std::string text;
  std::size_t named = 0;
  for (const auto& [name, count] : counts) {
    if (named == kBundlesNamedMax) {
      absl::StrAppend(&text, ", and ", counts.size() - named, " more");
      break;
    }
    absl::StrAppend(&text, named++ == 0 ? "" : ", ", name.first, "/",
                    name.second, " (", count, " records)");
  }
  return text;
}

absl::Status LoadBundles(const RecordedScores& records,
                         const Catalogue& catalogue,
                         const std::filesystem::path& models_dir,
                         Bundles& bundles) {
  const std::map<BundleName, std::int64_t> counts = CountByBundle(records);
  if (!counts.empty() && models_dir.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the ledger has score records of ", Listed(counts),
        "; verifying them needs those bundles: give --models DIR"));
  }
  for (const auto& [name, count] : counts) {
    auto& bundle = bundles[name];
    absl::StatusOr<std::shared_ptr<const ModelBundle>> opened =
        ModelBundle::Open(models_dir / name.first / absl::StrCat(name.second),
                          catalogue);
    if (!opened.ok()) {
      return absl::Status(
          opened.status().code(),
          absl::StrCat(std::string(opened.status().message()), "; ", count,
                       " score records are of that bundle"));
    }
    bundle = *std::move(opened);
    if (bundle->plan() == nullptr) {
      return absl::DataLossError(
          absl::StrCat("model ", name.first, " reads no ledger"));
    }
  }
  return absl::OkStatus();
}

void Add(const VerifyResult& part, VerifyResult& all) {
  all.events += part.events;
  all.states += part.states;
  all.states_differing += part.states_differing;
  all.rows += part.rows;
  all.rows_with_values += part.rows_with_values;
  all.rows_differing += part.rows_differing;
  for (const std::string& difference : part.first_differences) {
    if (all.first_differences.size() == kDifferencesMax) return;
    all.first_differences.push_back(difference);
  }
}

}  // namespace

absl::StatusOr<RecordedScores> ReadRecordedScores(
    const std::filesystem::path& records_dir) {
  RecordedScores records;
  bool keyed = true;
  const absl::Status read =
      ReadScoreRecords(records_dir, [&](const v1::ScoreRecord& record) {
        keyed = record.user_key().size() == UserKey().bytes.size();
        if (!keyed) return false;
        const UserKey user = UserKey::FromBytes(record.user_key());
        records[static_cast<std::size_t>(user.partition())][user].push_back(
            record);
        return true;
      });
  if (!read.ok() && !absl::IsNotFound(read)) return read;
  if (!keyed) return absl::DataLossError("a score record has no user key");
  return records;
}

absl::StatusOr<VerifyResult> VerifyReplay(
    const Ledger& ledger, const Catalogue& catalogue, RecordedScores records,
    const std::filesystem::path& models_dir, int threads) {
  if (ledger.Facts().pending != nullptr) {
    return absl::FailedPreconditionError(
        "some signals of the states are not folded from the log yet; let the "
        "server finish, or run `tenuto backfill`");
  }
  Bundles bundles;
  TENUTO_RETURN_IF_ERROR(LoadBundles(records, catalogue, models_dir, bundles));
  Verifier verifier(ledger, catalogue, bundles, records);
  std::array<VerifyResult, kPartitions> parts;
  TENUTO_RETURN_IF_ERROR(ForEachPartition(threads, [&](int partition) {
    return verifier.VerifyPartition(partition,
                                    parts[static_cast<std::size_t>(partition)]);
  }));
  VerifyResult all;
  for (const VerifyResult& part : parts) Add(part, all);
  return all;
}

}  // namespace tenuto
