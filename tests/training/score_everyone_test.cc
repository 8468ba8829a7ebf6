#include "training/score_everyone.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "features/memory_ledger.h"
#include "gtest/gtest.h"
#include "model/model_registry.h"
#include "tests/support/damaged_ledger.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/forest_bundle.h"
#include "tests/support/pending_ledger.h"
#include "tests/support/random_events.h"
#include "tests/support/temp_folder.h"
#include "training/score_ledger.h"

namespace tenuto {
namespace {

constexpr std::int64_t kStartUs = 1'700'006'400'000'000;
constexpr std::uint64_t kSeed = 31;

class ScoreEveryoneTest : public ::testing::Test {
 protected:
  ScoreEveryoneTest() {
    testing::RandomEvents random(kSeed, kStartUs, 60);
    for (int k = 0; k < 60; ++k) {
      users_.push_back(testing::TestUser(k % 3, k));
      EXPECT_TRUE(
          ledger_.Commit(random.Life(users_.back(), 10 + k), nullptr).ok());
    }
    std::sort(users_.begin(), users_.end());
    WriteForestBundle(folder_.path(), catalogue_, ledger_);
    bundle_ = ModelBundle::Open(
                  FindChampion(folder_.path(), "churn_14d").value(), catalogue_)
                  .value();
  }

  absl::Time End() const { return ledger_.Facts().history_end; }

  std::vector<EveryoneScore> Score(const EveryoneScorer::Options& options) {
    const EveryoneScorer scorer(ledger_, *bundle_, options);
    std::vector<EveryoneScore> all, some;
    for (int partition = 0; partition < 4; ++partition) {
      EXPECT_TRUE(scorer.ScorePartition(partition, some).ok());
      all.insert(all.end(), some.begin(), some.end());
    }
    return all;
  }

  // As `score --users` says of those whom it calls known.
  void ExpectAsOfAList(const std::vector<EveryoneScore>& scores,
                       absl::Time as_of, int reasons) {
    const std::vector<PastScore> list =
        ScorePast(ledger_, *bundle_, users_, as_of, reasons, 1).value();
    auto score = scores.begin();
    for (std::size_t k = 0; k < users_.size(); ++k) {
      if (!list[k].known) continue;
      ASSERT_NE(score, scores.end());
      EXPECT_EQ(score->user, users_[k]);
      EXPECT_EQ(score->eligible, list[k].eligible);
      EXPECT_EQ(score->probability, list[k].probability);
      EXPECT_EQ(score->reasons, list[k].reasons);
      ++score;
    }
    EXPECT_EQ(score, scores.end());
  }

  const Catalogue& catalogue_ = Catalogue::Embedded();
  const FixedClock clock_{absl::FromUnixMicros(kStartUs)};
  const TempFolder folder_;
  MemoryLedger ledger_{catalogue_, clock_};
  std::shared_ptr<const ModelBundle> bundle_;
  std::vector<UserKey> users_;
};

TEST_F(ScoreEveryoneTest, ReadsTheEndFromStatesAsAListWouldFromTheLog) {
  SCOPED_TRACE(kSeed);
  const auto scores = Score({.as_of = End(), .reason_count_max = 2});
  ASSERT_EQ(scores.size(), users_.size());
  ExpectAsOfAList(scores, End(), 2);
  std::set<double> probabilities;
  for (const EveryoneScore& score : scores) {
    probabilities.insert(score.probability);
  }
  EXPECT_GT(probabilities.size(), 20U);
  const auto eligible =
      std::count_if(scores.begin(), scores.end(),
                    [](const EveryoneScore& score) { return score.eligible; });
  EXPECT_GT(eligible, 0);
  EXPECT_LT(eligible, 60);
}

TEST_F(ScoreEveryoneTest, ReplaysThePastAndLeavesOutWhoCameLater) {
  SCOPED_TRACE(kSeed);
  for (const int days : {2, 20, 45}) {
    const absl::Time as_of =
        absl::FromUnixMicros(kStartUs) + absl::Hours(24 * days);
    ExpectAsOfAList(Score({.as_of = as_of, .source = RowSource::kLog}), as_of,
                    0);
  }
  const absl::Time start = ledger_.Facts().history_start;
  EXPECT_LT(Score({.as_of = start, .source = RowSource::kLog}).size(), 20U);
  ExpectAsOfAList(Score({.as_of = End(), .source = RowSource::kLog}), End(), 0);
}

TEST_F(ScoreEveryoneTest, DoesNotCareHowRowsAreBatched) {
  for (const int block : {1, 7, 20, 512}) {
    ExpectAsOfAList(Score({.as_of = End(), .block_rows = block}), End(), 0);
  }
}

TEST_F(ScoreEveryoneTest, TakesStatesOnlyWhereTheyHoldAllThatWasKnown) {
  const LedgerFacts facts = ledger_.Facts();
  EXPECT_EQ(ChooseRowSource(facts, facts.history_end), RowSource::kStates);
  EXPECT_EQ(ChooseRowSource(facts, facts.history_end - absl::Microseconds(1)),
            RowSource::kLog);
  const PendingLedger pending(ledger_,
                              PendingSignals({SignalId(catalogue_, "plan")}));
  EXPECT_EQ(ChooseRowSource(pending.Facts(), facts.history_end),
            RowSource::kLog);
}

TEST_F(ScoreEveryoneTest, SaysWhereAStateIsDamaged) {
  DamagedLedger damaged(ledger_, 2);
  const EveryoneScorer scorer(damaged, *bundle_, {.as_of = End()});
  std::vector<EveryoneScore> scores;
  EXPECT_EQ(scorer.ScorePartition(2, scores),
            absl::DataLossError("partition 2: a user state does not decode"));
}

}  // namespace
}  // namespace tenuto
