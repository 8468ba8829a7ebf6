// What `tenuto score` says of everybody at the end of a ledger is what a server
// with that ledger says at that moment, bit for bit: of states out of RocksDB,
// with late events, consent that comes and goes, and states behind a change of
// the catalogue.
#include <memory>
#include <string>
#include <vector>

#include "features/rocks_ledger.h"
#include "gtest/gtest.h"
#include "model/model_registry.h"
#include "tests/support/changed_catalogue.h"
#include "tests/support/forest_bundle.h"
#include "tests/support/random_events.h"
#include "tests/support/server_parts.h"
#include "training/score_everyone.h"
#include "training/score_ledger.h"

namespace tenuto {
namespace {

constexpr std::uint64_t kSeed = 41;
constexpr std::int64_t kStartUs = 1'700'006'400'000'000;
constexpr int kUsers = 300;

class EveryoneParity : public ::testing::Test {
 protected:
  std::unique_ptr<Ledger> Open(const Catalogue& catalogue) {
    auto ledger =
        OpenRocksLedger({parts_.folder.path(), false, 2, &parts_.clock},
                        catalogue, parts_.keys);
    EXPECT_TRUE(ledger.ok()) << ledger.status();
    return *std::move(ledger);
  }
  void CommitLives(Ledger& ledger) {
    testing::RandomEvents random(kSeed, kStartUs, 90);
    for (int k = 0; k < kUsers; ++k) {
      const UserKey user = testing::TestUser(k % 7, k);
      ASSERT_TRUE(ledger.Commit(random.Life(user, 5 + k % 60), nullptr).ok());
    }
  }
  void MakeModel(const Ledger& ledger) {
    WriteForestBundle(parts_.models_dir, parts_.catalogue, ledger);
    ASSERT_TRUE(parts_.registry.Refresh().empty());
    bundle_ = parts_.registry.Current("churn_14d").value();
  }
  std::vector<EveryoneScore> Everyone(const Ledger& ledger) {
    const LedgerFacts facts = ledger.Facts();
    const EveryoneScorer scorer(
        ledger, *bundle_,
        {.as_of = facts.history_end,
         .source = ChooseRowSource(facts, facts.history_end)});
    std::vector<EveryoneScore> all, some;
    for (int partition = 0; partition < kPartitions; ++partition) {
      EXPECT_TRUE(scorer.ScorePartition(partition, some).ok());
      all.insert(all.end(), some.begin(), some.end());
    }
    EXPECT_EQ(all.size(), static_cast<std::size_t>(kUsers));
    return all;
  }
  static std::vector<UserKey> UsersOf(const std::vector<EveryoneScore>& all) {
    std::vector<UserKey> users;
    for (const EveryoneScore& score : all) users.push_back(score.user);
    return users;
  }
  void ExpectAsServed(const Ledger& ledger,
                      const std::vector<EveryoneScore>& all) {
    parts_.clock.Set(ledger.Facts().history_end);
    const UserScorer scorer = parts_.MakeScorerOf(ledger);
    const UserRows served = scorer.ScoreUsers(*bundle_, UsersOf(all)).value();
    for (std::size_t k = 0; k < all.size(); ++k) {
      const v1::UserScore& score = served.scores[static_cast<int>(k)];
      EXPECT_EQ(all[k].probability, score.probability()) << k;
      EXPECT_EQ(all[k].eligible, score.eligible()) << k;
    }
  }
  void ExpectAsListed(const Ledger& ledger,
                      const std::vector<EveryoneScore>& all) {
    const std::vector<PastScore> listed =
        ScorePast(ledger, *bundle_, UsersOf(all), ledger.Facts().history_end, 0,
                  2)
            .value();
    for (std::size_t k = 0; k < all.size(); ++k) {
      EXPECT_EQ(all[k].probability, listed[k].probability) << k;
      EXPECT_EQ(all[k].eligible, listed[k].eligible) << k;
    }
  }

  ServerParts parts_;
  std::shared_ptr<const ModelBundle> bundle_;
};

TEST_F(EveryoneParity, WithTheServerAndWithAListOfUsers) {
  SCOPED_TRACE(kSeed);
  const std::unique_ptr<Ledger> ledger = Open(parts_.catalogue);
  CommitLives(*ledger);
  MakeModel(*ledger);
  const std::vector<EveryoneScore> all = Everyone(*ledger);
  ExpectAsServed(*ledger, all);
  ExpectAsListed(*ledger, all);
}

TEST_F(EveryoneParity, WhileSignalsArePendingWithWhatTheServerWillSay) {
  SCOPED_TRACE(kSeed);
  const Catalogue before = testing::Made(testing::Thinned(parts_.catalogue));
  CommitLives(*Open(before));
  const std::unique_ptr<Ledger> ledger = Open(parts_.catalogue);
  ASSERT_NE(ledger->Facts().pending, nullptr);
  MakeModel(*ledger);
  const std::vector<EveryoneScore> all = Everyone(*ledger);
  ExpectAsListed(*ledger, all);
  ASSERT_TRUE(
      ledger->Backfill([](const BackfillProgress&) { return true; }).ok());
  ExpectAsServed(*ledger, all);
  ExpectAsServed(*ledger, Everyone(*ledger));
}

}  // namespace
}  // namespace tenuto
