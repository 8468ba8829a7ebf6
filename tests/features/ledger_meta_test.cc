#include "features/ledger_meta.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;

class LedgerMetaTest : public ::testing::Test {
 protected:
  LedgerMetaTest() {
    auto store = RocksStore::Open({folder_.path(), false, 2});
    EXPECT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }
  void Claim() {
    StoreBatch batch(*store_);
    ClaimIdentity(identity_, batch);
    ASSERT_EQ(store_->Write(batch), absl::OkStatus());
  }
  const TempFolder folder_;
  const LedgerIdentity identity_ = {"here", "keys", "signals"};
  std::unique_ptr<RocksStore> store_;
};

TEST_F(LedgerMetaTest, TakesAFreshStoreAndKnowsItAgain) {
  EXPECT_EQ(*CheckIdentity(*store_, identity_), StatesAre::kCurrent);
  Claim();
  EXPECT_EQ(*CheckIdentity(*store_, identity_), StatesAre::kCurrent);
}

TEST_F(LedgerMetaTest, TellsStatesOfOtherSignals) {
  Claim();
  EXPECT_EQ(*CheckIdentity(*store_, {"here", "keys", "more signals"}),
            StatesAre::kOfOtherSignals);
}

TEST_F(LedgerMetaTest, RefusesOtherKeysAndOtherFormats) {
  Claim();
  const auto other = CheckIdentity(*store_, {"here", "others", "signals"});
  EXPECT_EQ(other.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(other.status().message(), HasSubstr("another user key"));
  StoreBatch batch(*store_);
  batch.Put(Family::kMeta, "format", "999");
  ASSERT_EQ(store_->Write(batch), absl::OkStatus());
  EXPECT_THAT(CheckIdentity(*store_, identity_).status().message(),
              HasSubstr("the ledger here has format 999"));
}

TEST_F(LedgerMetaTest, KeepsTheOutermostEndsOfTheHistory) {
  HistoryEnds ends;
  for (const History& more :
       {History{50, 60, 60}, History{55, 58, 58}, History{40, 59, 59},
        History{60, 70}, History{60, 65, 65}}) {
    StoreBatch batch(*store_);
    ends.Add(more, batch);
    EXPECT_EQ(batch.empty(), more.start_us == 55) << "it adds nothing";
    ends.Note(more);
    if (!batch.empty()) {
      ASSERT_EQ(store_->Write(batch), absl::OkStatus());
    }
    const auto kept = LoadHistory(*store_);
    ASSERT_TRUE(kept.ok()) << kept.status();
    EXPECT_EQ(kept->start_us, ends.start_us());
    EXPECT_EQ(kept->end_us, ends.end_us());
    EXPECT_EQ(kept->told_us, ends.told_us());
  }
  EXPECT_EQ(ends.start_us(), 40);
  EXPECT_EQ(ends.end_us(), 70);
  EXPECT_EQ(ends.told_us(), 65);
}

// A decision of ours is no sign that anybody told us anything.
TEST_F(LedgerMetaTest, KnowsWhereALedgerOfBeforeEndsWhateverIsDecidedLater) {
  StoreBatch before(*store_);
  before.Merge(Family::kMeta, kHistoryEndKey, "70");
  ASSERT_EQ(store_->Write(before), absl::OkStatus());
  HistoryEnds ends;
  ends.Note(*LoadHistory(*store_));
  EXPECT_EQ(ends.told_us(), 70);
  StoreBatch decided(*store_);
  ends.Add(History{900, 900}, decided);
  ASSERT_EQ(store_->Write(decided), absl::OkStatus());
  EXPECT_EQ(LoadHistory(*store_)->end_us, 900);
  EXPECT_EQ(LoadHistory(*store_)->told_us, 70);
}

TEST_F(LedgerMetaTest, ReadsTheFormatOfBefore) {
  StoreBatch batch(*store_);
  batch.Put(Family::kMeta, "format", "1");
  ASSERT_EQ(store_->Write(batch), absl::OkStatus());
  EXPECT_TRUE(CheckIdentity(*store_, identity_).ok());
}

TEST_F(LedgerMetaTest, LoadsTheEndsOfTheHistory) {
  EXPECT_GT(LoadHistory(*store_)->start_us, LoadHistory(*store_)->end_us);
  StoreBatch batch(*store_);
  batch.Merge(Family::kMeta, kHistoryStartKey, "-5");
  batch.Merge(Family::kMeta, kHistoryEndKey, "70");
  ASSERT_EQ(store_->Write(batch), absl::OkStatus());
  EXPECT_EQ(LoadHistory(*store_)->start_us, -5);
  EXPECT_EQ(LoadHistory(*store_)->end_us, 70);
}

}  // namespace
}  // namespace tenuto
