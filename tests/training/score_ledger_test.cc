#include "training/score_ledger.h"

#include <memory>
#include <string>
#include <vector>

#include "features/eligibility.h"
#include "features/memory_ledger.h"
#include "features/state_reader.h"
#include "gtest/gtest.h"
#include "model/explainer.h"
#include "model/model_registry.h"
#include "tests/support/churn_bundle.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/random_events.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

constexpr std::int64_t kStartUs = 1'700'006'400'000'000;
constexpr std::uint64_t kSeed = 21;

class ScoreLedgerTest : public ::testing::Test {
 protected:
  ScoreLedgerTest() {
    WriteChurnBundle(folder_.path(), catalogue_);
    WriteTableBundle(folder_.path(), "visits");
    bundle_ = Open("churn_14d");
    testing::RandomEvents random(kSeed, kStartUs, 60);
    for (int k = 0; k < 30; ++k) {
      users_.push_back(testing::TestUser(k % 5, k));
      lives_.push_back(random.Life(users_.back(), 40));
      EXPECT_TRUE(ledger_.Commit(lives_.back(), nullptr).ok());
    }
    users_.push_back(testing::TestUser(2, 99));    // Nobody.
    users_.push_back(testing::TestUser(200, 99));  // Alone in a partition.
    users_.push_back(users_.front());              // Asked for twice.
  }

  std::shared_ptr<const ModelBundle> Open(const std::string& model) const {
    return ModelBundle::Open(FindChampion(folder_.path(), model).value(),
                             catalogue_)
        .value();
  }

  std::vector<PastScore> Score(absl::Time as_of, int reasons, int threads) {
    return ScorePast(ledger_, *bundle_, users_, as_of, reasons, threads)
        .value();
  }

  // The state of `user` from what was known at `as_of` and nothing else.
  std::string StateOf(const UserKey& user, absl::Time as_of) {
    MemoryLedger then(catalogue_, clock_);
    for (std::size_t k = 0; k < lives_.size(); ++k) {
      if (users_[k] != user) continue;
      for (const GatedEvent& event : lives_[k]) {
        if (event.known_time_us > absl::ToUnixMicros(as_of)) continue;
        EXPECT_TRUE(then.Commit(absl::MakeConstSpan(&event, 1), nullptr).ok());
      }
    }
    std::string state;
    EXPECT_TRUE(then.LoadState(user, state).ok());
    return state;
  }

  const Catalogue& catalogue_ = Catalogue::Embedded();
  const FixedClock clock_{absl::FromUnixMicros(kStartUs)};
  const TempFolder folder_;
  MemoryLedger ledger_{catalogue_, clock_};
  std::shared_ptr<const ModelBundle> bundle_;
  std::vector<UserKey> users_;
  std::vector<std::vector<GatedEvent>> lives_;
};

TEST_F(ScoreLedgerTest, SaysWhatAServerWouldHaveSaidThen) {
  SCOPED_TRACE(kSeed);
  const absl::Time as_of =
      absl::FromUnixMicros(kStartUs) + absl::Hours(24 * 45);
  const std::vector<PastScore> scores = Score(as_of, 3, 1);
  ASSERT_EQ(scores.size(), users_.size());
  int known = 0;
  for (std::size_t k = 0; k < users_.size(); ++k) {
    const std::string state = StateOf(users_[k], as_of);
    std::vector<float> row(static_cast<std::size_t>(bundle_->width()));
    ASSERT_TRUE(bundle_->plan()
                    ->Assemble(state, {as_of, ledger_.Facts().history_start},
                               absl::MakeSpan(row))
                    .ok());
    tenuto::Score score;
    ASSERT_TRUE(bundle_->ScoreRows(row, absl::MakeSpan(&score, 1)).ok());
    EXPECT_EQ(scores[k].probability, score.probability);
    EXPECT_EQ(scores[k].reasons, Explain(*bundle_, row, 3)->reasons);
    EXPECT_EQ(scores[k].known, !state.empty());
    EXPECT_EQ(scores[k].eligible,
              IsEligible(StateReader::Open(catalogue_, state).value(),
                         Eligible::kPaid));
    known += scores[k].known;
  }
  EXPECT_GT(known, 20);
}

TEST_F(ScoreLedgerTest, IsTheSameOnTwoThreadsAndWithoutReasons) {
  const absl::Time end = ledger_.Facts().history_end;
  const std::vector<PastScore> one = Score(end, 2, 1);
  const std::vector<PastScore> two = Score(end, 2, 2);
  const std::vector<PastScore> bare = Score(end, 0, 2);
  for (std::size_t k = 0; k < one.size(); ++k) {
    EXPECT_EQ(one[k].probability, two[k].probability);
    EXPECT_EQ(one[k].reasons, two[k].reasons);
    EXPECT_EQ(one[k].probability, bare[k].probability);
    EXPECT_TRUE(bare[k].reasons.empty());
  }
  EXPECT_EQ(one.back().probability, one.front().probability);
}

TEST_F(ScoreLedgerTest, RefusesAModelOfATable) {
  const auto scores =
      ScorePast(ledger_, *Open("visits"), users_, clock_.Now(), 0, 1);
  EXPECT_TRUE(absl::IsInvalidArgument(scores.status()));
}

}  // namespace
}  // namespace tenuto
