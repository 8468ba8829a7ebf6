#include "training/table/column_names.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tenuto {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

TEST(ColumnNames, AreSplitIntoWordsHoweverTheyAreWritten) {
  for (const char* name : {"userId2", "user_id_2", "User ID 2", "user-id.2"}) {
    EXPECT_THAT(WordsOfName(name), ElementsAre("user", "id", "2")) << name;
  }
  EXPECT_THAT(WordsOfName("C_FP"), ElementsAre("c", "fp"));
  EXPECT_THAT(WordsOfName("__"), IsEmpty());
}

TEST(ColumnNames, TellIdentifiersFromMeasurements) {
  for (const char* name : {"userId", "customerID", "sub_code", "uuid", "key"}) {
    EXPECT_TRUE(IsIdentifierName(name)) << name;
  }
  for (const char* name : {"paid", "idle_days", "monkeys", "tenure"}) {
    EXPECT_FALSE(IsIdentifierName(name)) << name;
  }
}

TEST(ColumnNames, TellPlannedDatesFromThingsThatHappened) {
  EXPECT_TRUE(IsPlannedDate("contract_end_date"));
  EXPECT_TRUE(IsPlannedDate("nextRenewal"));
  EXPECT_FALSE(IsPlannedDate("canceled_at"));
  EXPECT_FALSE(IsPlannedDate("calendar_day"));
}

TEST(ColumnNames, ShareAWordWithTheTargetOnlyWhenItMeansSomething) {
  EXPECT_TRUE(SharesWordWithTarget("churn_reason", "did_churn"));
  EXPECT_TRUE(SharesWordWithTarget("ChurnDate", "churn"));
  EXPECT_FALSE(SharesWordWithTarget("did_pay", "did_churn"));
  EXPECT_FALSE(SharesWordWithTarget("is_mobile_user", "is_user_lost"));
}

TEST(ColumnNames, KnowTheQuartetOfACostMatrix) {
  EXPECT_THAT(CostMatrixColumns({"a", "C_FP", "C_FN", "C_TP", "C_TN", "tp"}),
              UnorderedElementsAre(1, 2, 3, 4));
  EXPECT_THAT(CostMatrixColumns({"cost_fp", "cost_fn", "gain_tp"}), IsEmpty());
}

}  // namespace
}  // namespace tenuto
