#include "training/score_ledger.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"
#include "features/eligibility.h"
#include "features/feature_plan.h"
#include "features/state_reader.h"
#include "model/explainer.h"
#include "training/replayer.h"

namespace tenuto {
namespace {

class PastScorer {
 public:
  PastScorer(const Ledger& ledger, const ModelBundle& bundle, absl::Time as_of,
             int reason_count_max)
      : ledger_(ledger),
        bundle_(bundle),
        plan_(*bundle.plan()),
        as_of_(as_of),
        reason_count_max_(reason_count_max),
        fold_(plan_.catalogue()),
        history_start_(ledger.Facts().history_start) {}

  // `wanted` are users of the partition by rising key, each with its score.
  using Wanted = std::vector<std::pair<UserKey, PastScore*>>;
  absl::Status ScorePartition(int partition, const Wanted& wanted) const {
    if (wanted.empty()) return absl::OkStatus();
    TENUTO_RETURN_IF_ERROR(VisitUsers(
        ledger_, partition,
        [&](const UserKey& user, absl::Span<const LoggedEvent> events) {
          return ScoreUser(user, events, wanted);
        }));
    for (const auto& [user, past] : wanted) {
      if (!past->known) TENUTO_RETURN_IF_ERROR(Score("", *past));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status ScoreUser(const UserKey& user,
                         absl::Span<const LoggedEvent> events,
                         const Wanted& wanted) const {
    auto next = std::lower_bound(
        wanted.begin(), wanted.end(), user,
        [](const auto& one, const UserKey& key) { return one.first < key; });
    if (next == wanted.end() || next->first != user) return absl::OkStatus();
    UserReplay replay(fold_, events);
    TENUTO_ASSIGN_OR_RETURN(const absl::string_view state,
                            replay.StateAt(as_of_));
    for (; next != wanted.end() && next->first == user; ++next) {
      TENUTO_RETURN_IF_ERROR(Score(state, *next->second));
    }
    return absl::OkStatus();
  }

  absl::Status Score(absl::string_view state, PastScore& past) const {
    TENUTO_ASSIGN_OR_RETURN(const StateReader reader,
                            StateReader::Open(plan_.catalogue(), state));
    past.known = reader.known();
    past.eligible = IsEligible(reader, Eligible::kPaid);
    std::vector<float> row(static_cast<std::size_t>(plan_.width()));
    TENUTO_RETURN_IF_ERROR(
        plan_.Assemble(state, {as_of_, history_start_}, absl::MakeSpan(row)));
    tenuto::Score score;
    TENUTO_RETURN_IF_ERROR(bundle_.ScoreRows(row, absl::MakeSpan(&score, 1)));
    past.probability = score.probability;
    if (reason_count_max_ == 0) return absl::OkStatus();
    TENUTO_ASSIGN_OR_RETURN(Explanation explanation,
                            Explain(bundle_, row, reason_count_max_));
    past.reasons = std::move(explanation.reasons);
    return absl::OkStatus();
  }

  const Ledger& ledger_;
  const ModelBundle& bundle_;
  const FeaturePlan& plan_;
  const absl::Time as_of_;
  const int reason_count_max_;
  const SignalFold fold_;
  const absl::Time history_start_;
};

}  // namespace

absl::StatusOr<std::vector<PastScore>> ScorePast(
    const Ledger& ledger, const ModelBundle& bundle,
    absl::Span<const UserKey> users, absl::Time as_of, int reason_count_max,
    int threads) {
  if (bundle.plan() == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("model ", bundle.manifest().model(),
                     " was trained on a table and cannot score a ledger"));
  }
  std::vector<PastScore> scores(users.size());
  std::array<PastScorer::Wanted, kPartitions> wanted;
  for (std::size_t k = 0; k < users.size(); ++k) {
    wanted[static_cast<std::size_t>(users[k].partition())].emplace_back(
        users[k], &scores[k]);
  }
  for (PastScorer::Wanted& of_partition : wanted) {
    std::sort(of_partition.begin(), of_partition.end());
  }
  const PastScorer scorer(ledger, bundle, as_of, reason_count_max);
  TENUTO_RETURN_IF_ERROR(ForEachPartition(threads, [&](int partition) {
    return scorer.ScorePartition(partition,
                                 wanted[static_cast<std::size_t>(partition)]);
  }));
  return scores;
}

}  // namespace tenuto
