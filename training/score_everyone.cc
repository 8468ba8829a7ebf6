#include "training/score_everyone.h"

#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"
#include "features/eligibility.h"
#include "features/feature_plan.h"
#include "model/explainer.h"
#include "training/replayer.h"

namespace tenuto {

RowSource ChooseRowSource(const LedgerFacts& facts, absl::Time as_of) {
  return as_of >= facts.history_end && facts.pending == nullptr
             ? RowSource::kStates
             : RowSource::kLog;
}

// Rows that wait for their scores.
class EveryoneScorer::Block {
 public:
  explicit Block(const EveryoneScorer& scorer)
      : bundle_(scorer.bundle_),
        when_{scorer.options_.as_of, scorer.history_start_},
        reason_count_max_(scorer.options_.reason_count_max),
        width_(static_cast<std::size_t>(scorer.bundle_.width())),
        rows_(static_cast<std::size_t>(scorer.options_.block_rows) * width_),
        margins_(static_cast<std::size_t>(scorer.options_.block_rows)) {}

  // Scores go behind those that `scores` holds, until the next call.
  void Begin(std::vector<EveryoneScore>& scores) {
    scores_ = &scores;
    filled_ = 0;  // A failed partition may have left some.
  }

  absl::Status Add(const UserKey& user, absl::string_view state) {
    RowOwner owner;
    TENUTO_RETURN_IF_ERROR(
        bundle_.plan()->Assemble(state, when_, Row(filled_), &owner));
    EveryoneScore& score = scores_->emplace_back();
    score.user = user;
    score.eligible = IsEligible(owner.known, owner.plan, Eligible::kPaid);
    if (++filled_ < margins_.size()) return absl::OkStatus();
    return Flush();
  }

  absl::Status Flush() {
    const auto scored = absl::MakeSpan(margins_).first(filled_);
    TENUTO_RETURN_IF_ERROR(bundle_.ScoreRows(
        absl::MakeConstSpan(rows_).first(filled_ * width_), scored));
    EveryoneScore* score = scores_->data() + (scores_->size() - filled_);
    for (std::size_t k = 0; k < filled_; ++k, ++score) {
      score->probability = scored[k].probability;
      if (reason_count_max_ == 0) continue;
      TENUTO_ASSIGN_OR_RETURN(Explanation explanation,
                              Explain(bundle_, Row(k), reason_count_max_));
      score->reasons = std::move(explanation.reasons);
    }
    filled_ = 0;
    return absl::OkStatus();
  }

 private:
  absl::Span<float> Row(std::size_t k) {
    return absl::MakeSpan(rows_).subspan(k * width_, width_);
  }

  const ModelBundle& bundle_;
  const ReadTime when_;
  const int reason_count_max_;
  const std::size_t width_;
  std::vector<float> rows_;
  std::vector<Score> margins_;
  std::vector<EveryoneScore>* scores_ = nullptr;
  std::size_t filled_ = 0;
};

EveryoneScorer::EveryoneScorer(const Ledger& ledger, const ModelBundle& bundle,
                               const Options& options)
    : ledger_(ledger),
      bundle_(bundle),
      options_(options),
      fold_(bundle.plan()->catalogue()),
      history_start_(ledger.Facts().history_start) {}

EveryoneScorer::~EveryoneScorer() = default;

absl::Status EveryoneScorer::ScorePartition(
    int partition, std::vector<EveryoneScore>& scores) const {
  scores.clear();
  std::unique_ptr<Block> block = Borrow();
  block->Begin(scores);
  absl::Status status = options_.source == RowSource::kStates
                            ? ReadStates(partition, *block)
                            : ReplayLog(partition, *block);
  if (status.ok()) status = block->Flush();
  GiveBack(std::move(block));
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat("partition ", partition, ": ",
                                                  status.message()));
}

std::unique_ptr<EveryoneScorer::Block> EveryoneScorer::Borrow() const {
  {
    const absl::MutexLock lock(&mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<Block> block = std::move(idle_.back());
      idle_.pop_back();
      return block;
    }
  }
  return std::make_unique<Block>(*this);
}

void EveryoneScorer::GiveBack(std::unique_ptr<Block> block) const {
  const absl::MutexLock lock(&mutex_);
  idle_.push_back(std::move(block));
}

absl::Status EveryoneScorer::ReadStates(int partition, Block& block) const {
  absl::Status status;
  TENUTO_RETURN_IF_ERROR(ledger_.ScanStates(
      partition, [&](const UserKey& user, absl::string_view state) {
        status = block.Add(user, state);
        return status.ok();
      }));
  return status;
}

absl::Status EveryoneScorer::ReplayLog(int partition, Block& block) const {
  return VisitUsers(ledger_, partition,
                    [&](const UserKey& user,
                        absl::Span<const LoggedEvent> events) -> absl::Status {
                      UserReplay replay(fold_, events);
                      TENUTO_ASSIGN_OR_RETURN(const absl::string_view state,
                                              replay.StateAt(options_.as_of));
                      if (state.empty())
                        return absl::OkStatus();  // Nobody yet.
                      return block.Add(user, state);
                    });
}

}  // namespace tenuto
