#include "server/user_scorer.h"

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/churn_bundle.h"
#include "tests/support/pending_ledger.h"
#include "tests/support/server_parts.h"
#include "xxhash.h"

namespace tenuto {
namespace {

class UserScorerTest : public ::testing::Test {
 protected:
  UserScorerTest() {
    WriteChurnBundle(parts_.models_dir, parts_.catalogue);
    EXPECT_TRUE(parts_.registry.Refresh().empty());
    parts_.TakeIn(SubscriberEvents("anna", 10, kTestNow));
  }

  UserRows Score(const UserScorer& scorer, const std::string& user) {
    const UserKey key = parts_.keys.Of(user);
    const auto bundle = scorer.FindUserBundle("churn_14d").value();
    return scorer.ScoreUsers(*bundle, absl::MakeConstSpan(&key, 1)).value();
  }

  ServerParts parts_;
};

TEST_F(UserScorerTest, RecordsEnoughToComputeTheRowAgain) {
  // Nanoseconds must not matter: a record has none.
  parts_.clock.Set(kTestNow + absl::Nanoseconds(1'999));
  const UserScorer scorer = parts_.MakeScorer(/*recorded_row_share=*/1);
  Score(scorer, "anna");
  const std::vector<v1::ScoreRecord> records = parts_.TakeRecords();
  ASSERT_EQ(records.size(), 1u);
  const v1::ScoreRecord& record = records[0];
  EXPECT_EQ(record.as_of_us(), absl::ToUnixMicros(kTestNow) + 1);
  EXPECT_EQ(record.applied_through(), parts_.ledger.Facts().last_position);

  std::string state;
  ASSERT_TRUE(
      parts_.ledger.LoadState(UserKey::FromBytes(record.user_key()), state)
          .ok());
  const FeaturePlan plan = FeaturePlan::CompileAll(parts_.catalogue);
  std::vector<float> row(static_cast<std::size_t>(plan.width()));
  ASSERT_TRUE(plan.Assemble(state,
                            {.as_of = absl::FromUnixMicros(record.as_of_us()),
                             .history_start = absl::FromUnixMicros(
                                 record.history_start_us())},
                            absl::MakeSpan(row))
                  .ok());
  ASSERT_EQ(record.row_size(), plan.width());
  EXPECT_EQ(
      std::memcmp(row.data(), record.row().data(), row.size() * sizeof row[0]),
      0);
  EXPECT_EQ(record.row_hash(),
            XXH3_64bits(row.data(), row.size() * sizeof row[0]));
}

TEST_F(UserScorerTest, RecordsTheConsentUnderWhichItReadTheRow) {
  v1::Event track = MakeEvent("carl", "track", kTestNow - absl::Hours(2));
  track.mutable_playback()->set_ms_played(1000);
  parts_.TakeIn({track});
  Score(parts_.MakeScorer(), "carl");
  parts_.consent_defaults.set_behaviour(v1::CONSENT_GRANTED);
  Score(parts_.MakeScorer(), "carl");
  const std::vector<v1::ScoreRecord> records = parts_.TakeRecords();
  ASSERT_EQ(records.size(), 2u);
  EXPECT_FALSE(records[0].has_consent_defaults());
  EXPECT_EQ(records[1].consent_defaults().behaviour(), v1::CONSENT_GRANTED);
  const FeaturePlan plan = FeaturePlan::CompileAll(parts_.catalogue);
  int known = 0;
  for (int k = 0; k < plan.width(); ++k) {
    known += std::isnan(records[0].row(k)) && !std::isnan(records[1].row(k));
  }
  EXPECT_GT(known, 0);
}

TEST_F(UserScorerTest, LeavesOutAndRecordsWhatIsPending) {
  const std::uint32_t id = SignalId(parts_.catalogue, "last_action");
  const PendingLedger ledger(parts_.ledger, PendingSignals({id}));
  Score(parts_.MakeScorer(), "anna");
  Score(parts_.MakeScorerOf(ledger), "anna");
  const std::vector<v1::ScoreRecord> records = parts_.TakeRecords();
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].pending_signal_ids_size(), 0);
  ASSERT_EQ(records[1].pending_signal_ids_size(), 1);
  EXPECT_EQ(records[1].pending_signal_ids(0), id);
  int hidden = 0;
  for (int k = 0; k < records[0].row_size(); ++k) {
    hidden += !std::isnan(records[0].row(k)) && std::isnan(records[1].row(k));
  }
  EXPECT_GT(hidden, 0);
  EXPECT_LT(hidden, records[0].row_size() / 2);
}

TEST_F(UserScorerTest, RecordsTheDeclaredShareOfRowsAndEveryHash) {
  const UserScorer scorer = parts_.MakeScorer(/*recorded_row_share=*/0.25);
  std::vector<UserKey> users;
  for (int k = 0; k < 400; ++k) {
    users.push_back(parts_.keys.Of(std::to_string(k)));
  }
  const auto bundle = scorer.FindUserBundle("churn_14d").value();
  ASSERT_TRUE(scorer.ScoreUsers(*bundle, users).ok());
  int whole = 0;
  const std::vector<v1::ScoreRecord> records = parts_.TakeRecords();
  ASSERT_EQ(records.size(), users.size());
  for (const v1::ScoreRecord& record : records) {
    EXPECT_NE(record.row_hash(), 0u);
    whole += record.row_size() > 0 ? 1 : 0;
  }
  EXPECT_GT(whole, 60);  // 100 expected, 8.7 the standard deviation.
  EXPECT_LT(whole, 140);
}

TEST_F(UserScorerTest, GivesAUserTheSameScoreAloneAndAmongOthers) {
  const UserScorer scorer = parts_.MakeScorer();
  const UserRows alone = Score(scorer, "anna");
  const std::vector<UserKey> users = {
      parts_.keys.Of("x"), parts_.keys.Of("anna"), parts_.keys.Of("y")};
  const auto bundle = scorer.FindUserBundle("churn_14d").value();
  const UserRows among = scorer.ScoreUsers(*bundle, users).value();
  EXPECT_EQ(alone.scores[0].SerializeAsString(),
            among.scores[1].SerializeAsString());
}

TEST_F(UserScorerTest, ScoresAStateAtHandLikeTheStoredOne) {
  const UserScorer scorer = parts_.MakeScorer();
  const UserRows stored = Score(scorer, "anna");
  const UserKey user = parts_.keys.Of("anna");
  std::string state;
  ASSERT_TRUE(parts_.ledger.LoadState(user, state).ok());
  const auto bundle = scorer.FindUserBundle("churn_14d").value();
  const auto at_hand = scorer.ScoreState(*bundle, user, state, stored.when);
  ASSERT_TRUE(at_hand.ok());
  EXPECT_EQ(at_hand->scores[0].SerializeAsString(),
            stored.scores[0].SerializeAsString());
}

}  // namespace
}  // namespace tenuto
